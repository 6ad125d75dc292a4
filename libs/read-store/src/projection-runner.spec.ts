import { randomBytes } from 'node:crypto';
import {
  CodedEventStore,
  type DomainEvent,
  type EventCodec,
  type Position,
  positionOf,
  type Projection,
  type SubscribeOptions,
  type Subscription,
  type SubscriptionHandler,
} from '@souk/event-sourcing';
import { temporaryFolder } from '@souk/event-sourcing/testing';
import { LmdbEventStore } from '@souk/event-store';
import * as fc from 'fast-check';
import { FailingReadStore } from '../test/failing-read-store';
import { SparseEventStore } from '../test/sparse-event-store';
import {
  type AccountEvent,
  type Balance,
  balances,
  closed,
  moved,
  notes,
  noteTaken,
  opened,
  toAppend,
  turnover,
} from '../test/accounts';
import { foldedFrom } from '../test/plain-fold';
import {
  type AnyProjection,
  LmdbReadStore,
  type ModelChange,
  type ModelStatus,
  type ProjectionFailure,
  ProjectionRunner,
  type ProjectionRunnerOptions,
  ReadModelBehind,
  type ReadStore,
  UnindexableDocument,
} from '.';

const signingKey = randomBytes(32);

const plain: EventCodec = { encode: (event) => event, decode: (event) => event };

/** An event store that knows how many subscriptions are open. */
class CountingEventStore extends CodedEventStore {
  open = 0;
  onClose: () => void = () => undefined;
  override subscribe(options: SubscribeOptions, handler: SubscriptionHandler): Subscription {
    const subscription = super.subscribe(options, handler);
    this.open++;
    return {
      close: async () => {
        this.onClose();
        await subscription.close();
        this.open--;
      },
    };
  }
}

/** An event store that tells its subscribers only once how far they are. */
class SilentEventStore extends CodedEventStore {
  override subscribe(options: SubscribeOptions, handler: SubscriptionHandler): Subscription {
    let told = false;
    return super.subscribe(options, {
      onEvents: (events) => handler.onEvents(events),
      onCheckpoint: async (position) => {
        if (!told) await handler.onCheckpoint?.(position);
        told = true;
      },
    });
  }
}

describe('ProjectionRunner', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let events: LmdbEventStore;
  let reads: LmdbReadStore;
  let runner: ProjectionRunner | undefined;
  let failures: ProjectionFailure[];

  beforeEach(async () => {
    folder = temporaryFolder();
    events = await LmdbEventStore.open({ directory: `${folder.path}/events` });
    reads = await LmdbReadStore.open({ directory: `${folder.path}/reads`, signingKey });
    failures = [];
  });
  afterEach(async () => {
    await runner?.stop();
    runner = undefined;
    await reads.close();
    await events.close();
    folder.remove();
  });

  const start = async (
    projections: readonly AnyProjection[],
    { readStore = reads, ...options }: ProjectionRunnerOptions & { readStore?: ReadStore } = {},
  ): Promise<ProjectionRunner> => {
    await runner?.stop();
    runner = new ProjectionRunner(events, readStore, projections, { onError: (failure) => failures.push(failure), ...options });
    await runner.start();
    return runner;
  };
  const reopenReads = async (): Promise<void> => {
    await runner?.stop();
    await reads.close();
    reads = await LmdbReadStore.open({ directory: `${folder.path}/reads`, signingKey });
  };
  const append = async (stream: string, ...facts: DomainEvent[]): Promise<Position> =>
    (await events.append(stream, 'any', facts.map(toAppend))).position;
  const statusOf = (name: string): ModelStatus | undefined =>
    runner?.health().find(({ projection }) => projection === name)?.status;
  const until = async (condition: () => boolean): Promise<void> => {
    for (const end = Date.now() + 10_000; !condition(); await new Promise((resolve) => setTimeout(resolve, 5)))
      if (Date.now() > end) throw new Error(`waited in vain; health: ${JSON.stringify(runner?.health())}`);
  };
  const expectAllBalances = async (): Promise<void> => {
    const model = runner!.readModel(balances);
    await model.waitFor(await events.head(), 10_000);
    const expected = await foldedFrom(events, balances);
    const { items } = await model.query({ index: 'byAmount', limit: 500 });
    expect(new Map(items.map((doc) => [doc.id, doc]))).toEqual(expected);
  };

  describe('before it has started', () => {
    it('reads what earlier runs have left, and is idle', async () => {
      const position = await append('account-a', opened('ann'));
      await (await start([balances])).readModel(balances).waitFor(position, 5000);
      await reopenReads();
      const next = new ProjectionRunner(events, reads, [balances]);
      expect(await next.readModel(balances).get('a')).toMatchObject({ owner: 'ann' });
      expect(next.health()).toEqual([{ projection: 'balances', status: 'idle' }]);
    });

    it('refuses two projections of one name, and one that it does not know', () => {
      expect(() => new ProjectionRunner(events, reads, [balances, { ...balances }])).toThrow('balances');
      expect(() => new ProjectionRunner(events, reads, [balances]).readModel(turnover)).toThrow('turnover');
    });
  });

  describe('started', () => {
    it('folds what was there and what comes, for all projections', async () => {
      await append('account-a', opened('ann'));
      await append('account-b', opened('ben'));
      const running = await start([balances, turnover]);
      await append('account-a', moved('b', 5), moved('b', 2));
      const position = await append('account-b', moved('a', 1));
      await running.readModel(balances).waitFor(position, 5000);
      await running.readModel(turnover).waitFor(position, 5000);
      expect(await running.readModel(balances).get('a')).toEqual({ id: 'a', owner: 'ann', amount: -6, moves: 3 });
      expect(await running.readModel(balances).get('b')).toEqual({ id: 'b', owner: 'ben', amount: 6, moves: 3 });
      expect(await running.readModel(turnover).get('all')).toEqual({ moved: 8, events: 3 });
      expect(running.health().map(({ status }) => status)).toEqual(['live', 'live']);
    });

    it('is live on an empty store', async () => {
      await start([balances, notes]);
      await until(() => statusOf('balances') === 'live' && statusOf('notes') === 'live');
    });

    it('deletes documents, and makes them anew', async () => {
      const model = (await start([balances])).readModel(balances);
      await model.waitFor(await append('account-a', opened('ann'), closed), 5000);
      expect(await model.get('a')).toBeUndefined();
      await model.waitFor(await append('account-a', opened('eve')), 5000);
      expect(await model.get('a')).toMatchObject({ owner: 'eve' });
    });

    it('writes nothing of documents that came and went between two commits', async () => {
      const ids = Array.from({ length: 1200 }, (_, n) => `${n}`);
      await Promise.all(ids.map((id) => append(`account-${id}`, opened('ann'), closed)));
      const position = await append('account-a', opened('ann'));
      const commits = jest.spyOn(reads.open<Balance>(balances), 'commit');
      const written = () => commits.mock.calls.flatMap(([changes]) => changes.map(({ id }) => id));
      const model = (await start([balances], { batchSize: 5000 })).readModel(balances);
      await model.waitFor(position, 5000);
      expect(written()).toEqual(['a']);
      const last = await append('account-b', opened('ben'), closed);
      await model.waitFor(last, 5000);
      await runner!.stop();
      expect(written()).toEqual(['a']);
      expect(await reads.open(balances).checkpoint()).toBe(last);
    });

    it('goes on where it stopped, and folds nothing twice', async () => {
      await append('account-a', opened('ann'));
      for (let run = 0; run < 4; run++) {
        const position = await append('account-a', moved('a', 1), moved('b', 1));
        await (await start([balances])).readModel(balances).waitFor(position, 5000);
        if (run % 2 === 0) await reopenReads();
      }
      expect(await runner!.readModel(balances).get('a')).toMatchObject({ amount: -4, moves: 8 });
      await until(() => statusOf('balances') === 'live');
      expect(runner!.stats()).toMatchObject([{ projection: 'balances', version: 1, events: 2 }]);
    });

    it('comes to the same as the slow fold, whatever the batches, the limits and the restarts', async () => {
      const step = fc.tuple(
        fc.constantFrom('a', 'b', 'c', 'd'),
        fc.constantFrom('open', 'move', 'close', 'note'),
        fc.constantFrom('a', 'b', 'c'),
        fc.nat(9),
      );
      const fact = (kind: string, to: string, amount: number): DomainEvent =>
        kind === 'open' ? opened(to) : kind === 'move' ? moved(to, amount) : kind === 'close' ? closed : noteTaken(to);
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.array(step, { maxLength: 30 }), { maxLength: 4 }),
          fc.integer({ min: 1, max: 9 }),
          fc.integer({ min: 1, max: 5 }),
          async (rounds, batchSize, documents) => {
            const options = { batchSize, maxDirty: { documents, bytes: 1 << 20 } };
            for (const round of rounds) {
              const appending = round.map(([id, kind, to, amount]) =>
                append(kind === 'note' ? `note-${id}` : `account-${id}`, fact(kind, to, amount)),
              );
              await start([balances, notes], options);
              await Promise.all(appending);
              await expectAllBalances();
            }
          },
        ),
        { numRuns: 25 },
      );
    });

    it('tells listeners which documents a commit has touched', async () => {
      const running = await start([balances, turnover]);
      await until(() => statusOf('balances') === 'live');
      const heard: ModelChange[] = [];
      running.readModel(balances).changes(() => {
        throw new Error('listener');
      });
      const stop = running.readModel(balances).changes((change) => heard.push(change));
      await append('account-a', opened('ann'));
      const position = await append('account-a', moved('b', 5));
      await running.readModel(balances).waitFor(position, 5000);
      expect(new Set(heard.flatMap(({ keys }) => keys))).toEqual(new Set(['a']));
      expect(heard.at(-1)!.position).toBe(position);
      expect(failures.map(({ projection }) => projection)).toContain('balances');
      stop();
      const before = heard.length;
      await running.readModel(balances).waitFor(await append('account-a', closed), 5000);
      expect(heard).toHaveLength(before);
    });
  });

  describe('waiting for a position', () => {
    it('is over at once where it is reached', async () => {
      const model = (await start([balances])).readModel(balances);
      const position = await append('account-a', opened('ann'));
      await model.waitFor(position, 5000);
      await model.waitFor(position, 0);
      expect(model.checkpoint()! >= position).toBe(true);
    });

    it('is over when an event that does not concern the model has passed', async () => {
      const model = (await start([balances])).readModel(balances);
      await model.waitFor(await append('note-1', noteTaken('hello')), 5000);
      await append('account-a', opened('ann'));
      await model.waitFor(await append('note-1', noteTaken('again')), 5000);
      expect(await model.get('a')).toMatchObject({ owner: 'ann' });
    });

    it('needs no checkpoint from the event store for that', async () => {
      const silent = new SilentEventStore(events, plain);
      const running = new ProjectionRunner(silent, reads, [balances]);
      await running.start();
      const model = running.readModel(balances);
      await model.waitFor(await append('account-a', opened('ann')), 5000);
      const noted = await append('note-1', noteTaken('hello'));
      await model.waitFor(noted, 5000);
      expect(model.checkpoint()).toBe(noted);
      await running.stop();
    });

    it('ends with an error when the time is over', async () => {
      const model = (await start([balances])).readModel(balances);
      const head = await append('account-a', opened('ann'));
      const beyond = positionOf(head.slice(0, 8), 1000);
      await expect(model.waitFor(beyond, 60)).rejects.toBeInstanceOf(ReadModelBehind);
    });
  });

  describe('when a projection throws', () => {
    const touchy: Projection<Balance, AccountEvent> = {
      ...balances,
      name: 'touchy',
      on: {
        ...balances.on,
        MoneyMoved: () => {
          throw new Error('bug');
        },
      },
    };

    it('stops it before that event, says which, and lets the others go on', async () => {
      const before = await append('account-a', opened('ann'));
      const culprit = await append('account-a', moved('b', 5));
      const running = await start([touchy, balances]);
      const position = await append('account-c', opened('cat'));
      await running.readModel(balances).waitFor(position, 5000);
      await until(() => statusOf('touchy') === 'failed');
      expect(running.health()).toEqual([
        { projection: 'touchy', status: 'failed', error: expect.objectContaining({ message: 'bug' }) },
        { projection: 'balances', status: 'live' },
      ]);
      expect(failures).toEqual([
        {
          projection: 'touchy',
          error: expect.any(Error),
          event: { id: expect.any(String), type: 'MoneyMoved', position: culprit },
        },
      ]);
      await expect(running.readModel(touchy).waitFor(position, 5000)).rejects.toBeInstanceOf(ReadModelBehind);
      await until(() => running.readModel(touchy).checkpoint() === before);
      expect(await running.readModel(touchy).get('a')).toMatchObject({ amount: 0 });
      expect(await running.readModel(touchy).get('c')).toBeUndefined();
    });

    it('goes on from there once it is mended', async () => {
      await append('account-a', opened('ann'), moved('b', 5));
      await start([touchy]);
      await until(() => statusOf('touchy') === 'failed');
      await reopenReads();
      const mended: typeof balances = { ...balances, name: 'touchy' };
      const model = (await start([mended])).readModel(mended);
      await model.waitFor(await events.head(), 5000);
      expect(await model.get('a')).toMatchObject({ amount: -5, moves: 1 });
    });

    it('treats a document that no index can take like that', async () => {
      const odd = {
        ...turnover,
        name: 'odd',
        indexes: { byAll: ['all'] },
        on: { MoneyMoved: () => ({ all: {} }) },
      } as unknown as typeof turnover;
      await append('account-a', opened('ann'), moved('b', 5));
      const running = await start([odd, balances]);
      await until(() => statusOf('odd') === 'failed');
      await running.readModel(balances).waitFor(await append('account-a', moved('b', 5)), 5000);
      expect(failures[0]!.error).toBeInstanceOf(UnindexableDocument);
      expect(running.readModel(odd).checkpoint()).toBeUndefined();
    });
  });

  describe('when the read store fails', () => {
    it('tries again from what was committed, and loses nothing', async () => {
      const failing = new FailingReadStore(reads);
      const running = await start([balances, turnover], { readStore: failing });
      await append('account-a', opened('ann'));
      let left = 3;
      failing.fails = () => left-- > 0;
      for (let n = 0; n < 20; n++) await append('account-a', moved('b', 1));
      const position = await append('account-a', moved('b', 1));
      await running.readModel(balances).waitFor(position, 10_000);
      await running.readModel(turnover).waitFor(position, 10_000);
      expect(await running.readModel(balances).get('a')).toMatchObject({ amount: -21, moves: 21 });
      expect(await running.readModel(turnover).get('all')).toEqual({ moved: 21, events: 21 });
      expect(failures.length).toBeGreaterThan(0);
      await until(() => statusOf('balances') === 'live');
    });
  });

  describe('when the read store fails now and then', () => {
    it('folds nothing twice of what was written in part', async () => {
      const failing = new FailingReadStore(reads);
      for (let n = 0; n < 1200; n += 100)
        await Promise.all(
          Array.from({ length: 100 }, (_, i) => append(`account-${n + i}`, opened('any'), moved(`${(n + i + 7) % 1200}`, 1))),
        );
      let commits = 0;
      const more: Promise<Position>[] = [];
      failing.fails = () => {
        if (++commits !== 2) return false;
        // To be folded together with what is tried again.
        for (let n = 0; n < 1200; n += 50) more.push(append(`account-${n}`, moved('any', 1)));
        return true;
      };
      await start([balances], { readStore: failing, batchSize: 5000 });
      const model = runner!.readModel(balances);
      await model.waitFor(await events.head(), 10_000);
      expect(commits).toBeGreaterThan(3);
      await Promise.all(more);
      await model.waitFor(await events.head(), 10_000);
      const expected = await foldedFrom(events, balances);
      for (const id of ['0', '1', '499', '500', '501', '1100', '1199']) expect(await model.get(id)).toEqual(expected.get(id));
    });

    it('brings nothing back that was deleted', async () => {
      const failing = new FailingReadStore(reads);
      const ids = Array.from({ length: 1200 }, (_, n) => `${n}`);
      await Promise.all(ids.map((id) => append(`account-${id}`, opened('any'))));
      // Every other one has come and gone when the first commit is made.
      await Promise.all(ids.filter((_, n) => n % 2 === 1).map((id) => append(`account-${id}`, closed)));
      await Promise.all(ids.filter((_, n) => n % 4 === 1).map((id) => append(`account-${id}`, opened('again'))));
      for (const failAt of [1, 2]) {
        let commits = 0;
        failing.fails = () => ++commits === failAt;
        const again: typeof balances = { ...balances, name: `balances-${failAt}` };
        await start([again], { readStore: failing, batchSize: 5000 });
        await until(() => statusOf(again.name) === 'retrying');
        // The second time, commits come between what was made and what was deleted.
        await start([again], { batchSize: 100, maxDirty: { documents: 300, bytes: 1 << 20 } });
        const model = runner!.readModel(again);
        await model.waitFor(await events.head(), 10_000);
        const expected = await foldedFrom(events, again);
        for (const id of ids) expect(await model.get(id)).toEqual(expected.get(id));
        await Promise.all(ids.map((id) => append(`account-${id}`, closed)));
        await model.waitFor(await events.head(), 10_000);
        expect((await model.query({ index: 'byAmount' })).items).toEqual([]);
        await Promise.all(ids.filter((_, n) => n % 3 > 0).map((id) => append(`account-${id}`, opened('late'))));
      }
    });

    it('loses nothing of what was not committed yet when lanes joined', async () => {
      const counting = new CountingEventStore(events, plain);
      const failing = new FailingReadStore(reads);
      for (let n = 0; n < 6; n++) await append('account-a', opened('ann'), ...Array.from({ length: 1000 }, () => moved('a', 0)));
      await (await start([balances])).readModel(balances).waitFor(await events.head(), 10_000);
      await runner!.stop();
      let closed = 0;
      counting.onClose = () => closed++;
      let failed = 0;
      failing.fails = () => closed > 0 && failed++ < 3;
      // With batches of one event, the live lane puts its commits off.
      const running = new ProjectionRunner(counting, failing, [balances, turnover], { batchSize: 1 });
      await running.start();
      let moves = 0;
      for (; closed === 0; moves++) await append('account-a', moved('b', 1));
      for (const projection of [balances, turnover])
        await running.readModel<object, AccountEvent>(projection as never).waitFor(await events.head(), 10_000);
      expect(failed).toBeGreaterThan(0);
      expect(await running.readModel(balances).get('a')).toEqual((await foldedFrom(events, balances)).get('a'));
      expect(await running.readModel(turnover).get('all')).toEqual({ moved: moves, events: 6000 + moves });
      await running.stop();
    });

    it('comes to the same as the slow fold, also when that happens while lanes join', async () => {
      const accounts = ['a', 'b', 'c', 'd', 'e'];
      for (const id of accounts) await append(`account-${id}`, opened(id));
      await append('account-a', ...Array.from({ length: 1000 }, () => moved('b', 1)));
      for (let round = 1; round <= 3; round++) {
        await reopenReads();
        const failing = new FailingReadStore(reads);
        let commits = 0;
        failing.fails = () => ++commits % 3 === round % 3;
        const again: typeof turnover = { ...turnover, version: round };
        // Far enough behind for a lane of its own.
        for (let n = 0; n < 6; n++) await append('account-a', ...Array.from({ length: 1000 }, () => moved('c', 1)));
        await start([balances, again, notes], { readStore: failing, batchSize: 100 });
        for (let n = 0; n < 40; n++) await append(`account-${accounts[n % 5]!}`, moved(accounts[(n * 3) % 5]!, n));
        failing.fails = () => false;
        await expectAllBalances();
        await runner!.readModel(again).waitFor(await events.head(), 10_000);
        expect(await runner!.readModel(again).get('all')).toEqual((await foldedFrom(events, again)).get('all'));
      }
    });
  });

  describe('with models at different places', () => {
    it('needs one subscription once all have caught up', async () => {
      const counting = new CountingEventStore(events, plain);
      for (let n = 0; n < 60; n++) await append(`account-a`, ...Array.from({ length: 100 }, () => moved('b', 1)));
      await (await start([balances])).readModel(balances).waitFor(await events.head(), 10_000);
      await runner!.stop();
      const running = new ProjectionRunner(counting, reads, [balances, turnover, notes]);
      await running.start();
      expect(counting.open).toBe(2);
      await until(() => running.health().every(({ status }) => status === 'live'));
      await until(() => counting.open === 1);
      await running.stop();
      expect(counting.open).toBe(0);
    });

    it('starts them in one lane where they are a few events apart, whatever positions are', async () => {
      const sparse = new CountingEventStore(new SparseEventStore(events), plain);
      for (let n = 0; n < 20; n++) await append(`account-a`, ...Array.from({ length: 10 }, () => moved('b', 1)));
      const first = new ProjectionRunner(sparse, reads, [balances]);
      await first.start();
      await first.waitFor(await sparse.head(), 10_000);
      await first.stop();
      const running = new ProjectionRunner(sparse, reads, [balances, turnover, notes]);
      await running.start();
      expect(sparse.open).toBe(1);
      await running.stop();
    });

    it('builds a new version from the start, while the others go on, then joins them', async () => {
      await append('account-a', opened('ann'));
      for (let n = 0; n < 60; n++) await append(`account-a`, ...Array.from({ length: 100 }, () => moved('b', 1)));
      await (await start([balances, turnover])).readModel(turnover).waitFor(await events.head(), 10_000);
      await reopenReads();
      const again: typeof turnover = { ...turnover, version: 2 };
      const running = await start([balances, again], { batchSize: 50 });
      const position = await append('account-a', moved('b', 1));
      await running.readModel(balances).waitFor(position, 10_000);
      await running.readModel(again).waitFor(position, 10_000);
      expect(await running.readModel(again).get('all')).toEqual({ moved: 6001, events: 6001 });
      for (let n = 0; n < 50; n++) await append('account-a', moved('b', 1));
      await running.readModel(again).waitFor(await events.head(), 10_000);
      await running.readModel(balances).waitFor(await events.head(), 10_000);
      expect(await running.readModel(again).get('all')).toEqual({ moved: 6051, events: 6051 });
      expect(await running.readModel(balances).get('a')).toMatchObject({ amount: -6051 });
    });

    it('builds everything anew over another event store', async () => {
      await (await start([balances])).readModel(balances).waitFor(await append('account-a', opened('ann')), 5000);
      await runner!.stop();
      await events.close();
      events = await LmdbEventStore.open({ directory: `${folder.path}/other` });
      const position = await append('account-b', opened('ben'));
      await start([balances]);
      await runner!.readModel(balances).waitFor(position, 5000);
      expect(await runner!.readModel(balances).get('a')).toBeUndefined();
      expect(await runner!.readModel(balances).get('b')).toMatchObject({ owner: 'ben' });
    });
  });

  it('puts checkpoints that moved without a change on disk when it stops', async () => {
    const running = await start([balances, notes]);
    const position = await append('account-a', opened('ann'));
    await running.readModel(notes).waitFor(position, 5000);
    await running.stop();
    expect(await reads.open(notes).checkpoint()).toBe(running.readModel(notes).checkpoint());
  });
});
