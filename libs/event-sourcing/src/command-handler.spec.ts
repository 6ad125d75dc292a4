import { EventStore } from '@souk/event-sourcing';
import { temporaryFolder } from '@souk/event-sourcing/testing';
import { LmdbEventStore } from '@souk/event-store';
import { type CommandContext, CommandHandler, derivedUuid, RevisionMismatch } from './command-handler';
import type { Aggregate } from './decider';
import { DomainError } from './domain-error';
import type { DomainEvent } from './event';

type Counted = DomainEvent<'Counted', { by: number }>;

class TooMuch extends DomainError {
  readonly code = 'too-much';
}

const counter: Aggregate<number, { by: number }, Counted> = {
  category: 'counter',
  eventTypes: { Counted: {} },
  initial: 0,
  tenants: (total) => [`ten_${total}`],
  evolve: (total, { data }) => total + data.by,
  decide: ({ by }, total) => {
    if (total + by > 100) throw new TooMuch(`${total + by} is more than 100`);
    return by === 0 ? [] : [{ type: 'Counted', data: { by } }];
  },
};

/** Lets every append of the inner store wait until somebody else has come as far. */
class Contested extends EventStore {
  private waiting: (() => void)[] = [];
  constructor(
    private readonly inner: EventStore,
    private parties: number,
  ) {
    super();
  }
  override async append(...append: Parameters<EventStore['append']>): ReturnType<EventStore['append']> {
    if (this.parties > 0 && --this.parties === 0) for (const go of this.waiting) go();
    else if (this.parties > 0) await new Promise<void>((resolve) => this.waiting.push(resolve));
    return this.inner.append(...append);
  }
  override readStream(...read: Parameters<EventStore['readStream']>) {
    return this.inner.readStream(...read);
  }
  override readAll(...read: Parameters<EventStore['readAll']>) {
    return this.inner.readAll(...read);
  }
  override subscribe(...subscribe: Parameters<EventStore['subscribe']>) {
    return this.inner.subscribe(...subscribe);
  }
  override subscribeToStream(...subscribe: Parameters<EventStore['subscribeToStream']>) {
    return this.inner.subscribeToStream(...subscribe);
  }
  override head() {
    return this.inner.head();
  }
  override parsePosition(text: string) {
    return this.inner.parsePosition(text);
  }
}

describe('The command handler', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let store: LmdbEventStore;
  let commands: CommandHandler;
  beforeEach(async () => {
    folder = temporaryFolder();
    store = await LmdbEventStore.open({ directory: folder.path });
    commands = new CommandHandler(store);
  });
  afterEach(async () => {
    await store.close();
    folder.remove();
  });

  const call = (commandId: string, more: Partial<CommandContext> = {}): CommandContext => ({
    commandId,
    correlationId: 'correlation',
    causationId: 'request',
    actor: { kind: 'user', id: 'usr_1' },
    ...more,
  });
  const count = (by: number, commandId: string, more?: Partial<CommandContext>) =>
    commands.handle(counter, 'a', { by }, call(commandId, more));

  it('appends what was decided, with who, why and what caused it', async () => {
    const outcome = await count(3, 'c1', { reason: 'because' });
    expect(outcome).toMatchObject({
      state: 3,
      revision: 0,
      events: [{ revision: 0, event: { type: 'Counted', data: { by: 3 } } }],
    });
    for await (const event of store.readStream('counter-a'))
      expect(event.metadata).toEqual({
        commandId: 'c1',
        correlationId: 'correlation',
        causationId: 'request',
        actor: { kind: 'user', id: 'usr_1' },
        tenants: ['ten_3'],
        schemaVersion: 1,
        reason: 'because',
      });
  });

  it('answers a repeated command with its original events, without deciding', async () => {
    const first = await count(60, 'c1');
    await count(30, 'c2');
    const again = await count(60, 'c1');
    expect(again.events).toEqual(first.events);
    expect([again.state, again.position]).toEqual([90, first.position]);
  });

  it('writes nothing where there is nothing new, and nothing where the rules refuse', async () => {
    expect(await count(0, 'c1')).toEqual({ state: 0, revision: -1, events: [] });
    await expect(count(101, 'c2')).rejects.toThrow(TooMuch);
    expect(await commands.load(counter, 'a')).toEqual({ state: 0, revision: -1 });
  });

  it('decides again on what another writer has left', async () => {
    await Promise.all(Array.from({ length: 20 }, (_, i) => count(1, `c${i}`)));
    expect(await commands.load(counter, 'a')).toEqual({ state: 20, revision: 19 });
  });

  it('lets an aggregate prepare each decision on the state that it is made on', async () => {
    const prepared: number[] = [];
    const careful: typeof counter = {
      ...counter,
      *prepare(_, total) {
        yield;
        prepared.push(total);
      },
    };
    for (const by of [1, 2]) await commands.handle(careful, 'a', { by }, call(`c${by}`));
    expect(prepared).toEqual([0, 1]);
  });

  it('decides on what the caller has seen, without reading it again', async () => {
    await count(1, 'c1');
    const seen = await commands.load(counter, 'a');
    let reads = 0;
    const counting = new CommandHandler(
      Object.assign(Object.create(store) as EventStore, {
        readStream: (...read: Parameters<EventStore['readStream']>) => {
          reads++;
          return store.readStream(...read);
        },
      }),
    );
    const outcome = await counting.handle(counter, 'a', { by: 2 }, call('c2'), seen);
    expect([outcome.state, outcome.revision, reads]).toEqual([3, 1, 0]);
  });

  it('decides again, on what is there, where something has happened since the caller looked', async () => {
    await count(60, 'c1');
    const seen = await commands.load(counter, 'a');
    await count(30, 'c2');
    await expect(commands.handle(counter, 'a', { by: 20 }, call('c3'), seen)).rejects.toThrow(TooMuch);
    expect(await commands.handle(counter, 'a', { by: 10 }, call('c4'), seen)).toMatchObject({ state: 100, revision: 2 });
    await expect(commands.handle(counter, 'a', { by: 0 }, call('c5', { ifMatch: 2 }), seen)).rejects.toThrow(RevisionMismatch);
  });

  it('answers the original events where the same command of the same revision was given twice', async () => {
    const seen = await commands.load(counter, 'a');
    const first = await commands.handle(counter, 'a', { by: 2 }, call('c1', { ifMatch: -1 }), seen);
    await count(1, 'c2');
    const again = await commands.handle(counter, 'a', { by: 2 }, call('c1', { ifMatch: -1 }), seen);
    expect(again.events).toEqual(first.events);
  });

  it('tells what has become of an aggregate since, from what has happened since alone', async () => {
    await count(1, 'c1');
    const seen = await commands.load(counter, 'a');
    expect(await commands.since(counter, 'a', seen)).toBe(seen);
    await count(2, 'c2');
    await count(3, 'c3');
    expect(await commands.since(counter, 'a', { ...seen, state: 100 })).toEqual({ state: 105, revision: 2 });
  });

  it('refuses a caller who has seen another revision', async () => {
    await count(1, 'c1');
    await expect(count(1, 'c2', { ifMatch: 3 })).rejects.toThrow(RevisionMismatch);
    expect((await count(1, 'c3', { ifMatch: 0 })).revision).toBe(1);
  });

  it('answers what is stored when one command comes twice at once, with other data', async () => {
    commands = new CommandHandler(new Contested(store, 2));
    const outcomes = await Promise.all([count(1, 'same'), count(2, 'same')]);
    const { state } = await commands.load(counter, 'a');
    expect(outcomes.map((outcome) => outcome.events[0]!.event.data.by)).toEqual([state, state]);
  });

  it('loads as of a revision or a time', async () => {
    await count(1, 'c1');
    await count(2, 'c2');
    expect(await commands.load(counter, 'a', { revision: 0 })).toEqual({ state: 1, revision: 0 });
    expect(await commands.load(counter, 'a', { time: '2000-01-01T00:00:00.000Z' })).toEqual({ state: 0, revision: -1 });
    expect((await commands.load(counter, 'a', { time: '9999-01-01T00:00:00.000Z' })).state).toBe(3);
  });

  it('derives the same UUID from the same parts', () => {
    expect(derivedUuid('a', 1)).toBe(derivedUuid('a', 1));
    expect(derivedUuid('a', 1)).not.toBe(derivedUuid('a', '1'));
    expect(derivedUuid('a')).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });
});
