import { randomBytes } from 'node:crypto';
import type { RecordedEvent } from '@souk/event-sourcing';
import { temporaryFolder } from '@souk/event-sourcing/testing';
import { LmdbEventStore } from '@souk/event-store';
import { type AccountEvent, type Balance, balances, moved, opened, toAppend } from '../test/accounts';
import { LmdbReadStore } from '.';
import { ProjectedModel } from './projected-model';
import type { CollectionWriter } from './read-store.port';

describe('ProjectedModel', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let events: LmdbEventStore;
  let reads: LmdbReadStore;

  beforeEach(async () => {
    folder = temporaryFolder();
    events = await LmdbEventStore.open({ directory: `${folder.path}/events` });
    reads = await LmdbReadStore.open({ directory: `${folder.path}/reads`, signingKey: randomBytes(32) });
  });
  afterEach(async () => {
    await reads.close();
    await events.close();
    folder.remove();
  });

  const recorded = async (stream: string, ...facts: AccountEvent[]): Promise<RecordedEvent[]> => {
    const { revision } = await events.append(stream, 'any', facts.map(toAppend));
    const all: RecordedEvent[] = [];
    for await (const event of events.readStream(stream, { from: revision - facts.length + 1 })) all.push(event);
    return all;
  };

  it('folds on what a commit has taken from memory while it read other documents', async () => {
    const writer = reads.open<Balance>(balances);
    let committed: Promise<void> | void = Promise.resolve();
    // As a store on another machine may do: it answers when the commit, which was sent before, is over.
    const slow = Object.assign(Object.create(writer) as CollectionWriter<Balance>, {
      getForUpdate: async (id: string) => {
        await committed;
        return writer.getForUpdate(id);
      },
    });
    const model = new ProjectedModel(balances as never, slow as never, events, ({ error }) => {
      throw error;
    });
    await model.prepare(await events.head());
    await model.fold(await recorded('account-a', opened('ann')));
    committed = model.commit();
    await model.fold(await recorded('account-a', moved('b', 5)));
    await model.commit();
    expect(await writer.get('a')).toMatchObject({ amount: -5, moves: 1 });
  });

  it('is nowhere, also for those who wait, once the store that it shares with others has lost what was there', async () => {
    const writer = reads.open<Balance>(balances);
    let isLost = false;
    const shared = Object.assign(Object.create(writer) as CollectionWriter<Balance>, {
      checkpoint: () => Promise.resolve(isLost ? undefined : writer.checkpoint()),
    });
    const activity = { held: () => true, changes: () => () => undefined };
    const model = new ProjectedModel(balances as never, shared as never, events, () => undefined, activity);
    await model.prepare(await events.head());
    await model.fold(await recorded('account-a', opened('ann')));
    await model.commit();
    const head = await events.head();
    expect(model.isAt(head)).toBe(true);
    isLost = true;
    await model.prepare(head);
    expect(model.isAt(head)).toBe(false);
  });
});
