import { alwaysActive, type Position, type RecordedEvent } from '@souk/event-sourcing';
import { collect, temporaryFolder } from '@souk/event-sourcing/testing';
import { LmdbEventStore } from '@souk/event-store';
import { balances, opened, toAppend } from '../test/accounts';
import { ModelFollower } from './model-follower';
import { ProjectedModel } from './projected-model';
import type { GenerationWriter } from './read-store.port';

describe('ModelFollower', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let store: LmdbEventStore;
  let events: RecordedEvent[];
  /** How far who folds has come. */
  let stored: Position | undefined;
  let model: ProjectedModel;
  let follower: ModelFollower;
  beforeEach(async () => {
    folder = temporaryFolder();
    store = await LmdbEventStore.open({ directory: folder.path });
    for (const account of ['a', 'b']) await store.append(`account-${account}`, 'any', [toAppend(opened('ann'))]);
    events = await collect(store.readAll());
    stored = undefined;
    const writer = { checkpoint: () => Promise.resolve(stored) } as unknown as GenerationWriter<never>;
    model = new ProjectedModel(balances as never, writer, store, () => undefined, alwaysActive);
    await model.follow(await store.head());
    follower = new ModelFollower(model, store);
    jest.useFakeTimers({ now: 0 });
  });
  afterEach(async () => {
    jest.useRealTimers();
    await store.close();
    folder.remove();
  });

  const hear = (...heard: RecordedEvent[]): void => follower.hear(heard, heard.at(-1)!.position);
  /** Looks when it is due. Answers how long that took. */
  const look = async (): Promise<number> => {
    const pause = follower.lookAt - performance.now();
    jest.advanceTimersByTime(pause);
    await follower.look();
    return pause;
  };
  const looksWithin = async (ms: number): Promise<number> => {
    let looks = 0;
    for (const end = performance.now() + ms; follower.lookAt < end; looks++) await look();
    return looks;
  };

  it('looks at nothing where nothing is expected', () => {
    expect(follower.lookAt).toBe(Infinity);
  });

  it('looks soon after an event, and no more once its documents are there', async () => {
    hear(events[0]!);
    expect(await look()).toBe(10);
    stored = events[0]!.position;
    expect(await look()).toBe(25);
    expect([follower.lookAt, model.checkpoint()]).toEqual([Infinity, stored]);
  });

  it('looks ever more rarely where nothing comes, but once a second, whatever else happens meanwhile', async () => {
    hear(events[0]!);
    expect(await looksWithin(60_000)).toBeLessThan(120);
    hear(events[1]!);
    expect(await look()).toBe(1000);
    stored = events[0]!.position;
    await look();
    expect(await look()).toBe(25);
  });

  it('looks soon and often where somebody waits', async () => {
    hear(events[0]!);
    await looksWithin(60_000);
    const waiting = model.waitFor(events[0]!.position, 5_000);
    follower.hurry();
    expect(await look()).toBe(10);
    expect(await look()).toBe(25);
    stored = events[0]!.position;
    await look();
    await waiting;
  });
});
