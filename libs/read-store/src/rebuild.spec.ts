import { randomBytes } from 'node:crypto';
import {
  CodedEventStore,
  comparePositions,
  type DomainEvent,
  type Position,
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
  RebuildRunning,
  UnknownReadModel,
} from '.';

const signingKey = randomBytes(32);

/** An event store in which who begins to read can be held up after the first batch. */
class HeldUpEventStore extends CodedEventStore {
  private gate: Promise<void> | undefined;
  /** Batches that were handed out to those who began since the last `hold`. */
  batches = 0;
  /** From now on. Answers how to let them go on. */
  hold(): () => void {
    let open: () => void = () => undefined;
    this.gate = new Promise((resolve) => (open = resolve));
    this.batches = 0;
    return open;
  }
  override subscribe(options: SubscribeOptions, handler: SubscriptionHandler): Subscription {
    const { gate } = this;
    if (!gate) return super.subscribe(options, handler);
    return super.subscribe(options, {
      ...handler,
      onEvents: async (events) => {
        if (this.batches > 0) await gate;
        this.batches++;
        await handler.onEvents(events);
      },
    });
  }
}

describe('A rebuild', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let lmdb: LmdbEventStore;
  let events: HeldUpEventStore;
  let reads: LmdbReadStore;
  let failing: FailingReadStore;
  let runner: ProjectionRunner;
  let failures: ProjectionFailure[];

  beforeEach(async () => {
    folder = temporaryFolder();
    lmdb = await LmdbEventStore.open({ directory: `${folder.path}/events` });
    events = new HeldUpEventStore(lmdb, { encode: (event) => event, decode: (event) => event });
    reads = await LmdbReadStore.open({ directory: `${folder.path}/reads`, signingKey });
    failing = new FailingReadStore(reads);
    failures = [];
  });
  afterEach(async () => {
    await runner.stop();
    await reads.close();
    await lmdb.close();
    folder.remove();
  });

  const start = async (projections: readonly AnyProjection[], batchSize = 100): Promise<void> => {
    runner = new ProjectionRunner(events, failing, projections, { batchSize, onError: (failure) => failures.push(failure) });
    await runner.start();
    await until(() => runner.health().every(({ status }) => status === 'live' || status === 'failed'));
  };
  const append = async (stream: string, ...facts: DomainEvent[]): Promise<Position> =>
    (await events.append(stream, 'any', facts.map(toAppend))).position;
  const appendMany = async (count: number): Promise<void> => {
    await append('account-a', opened('ann'));
    for (let n = 1; n < count; n += 50) await append('account-a', ...Array.from({ length: 50 }, () => moved('b', 1)));
  };
  const statusOf = (name: string): ModelStatus => runner.health().find(({ projection }) => projection === name)!.status;
  const until = async (condition: () => boolean): Promise<void> => {
    for (const end = Date.now() + 10_000; !condition(); await new Promise((resolve) => setTimeout(resolve, 5)))
      if (Date.now() > end) throw new Error(`waited in vain; health: ${JSON.stringify(runner.health())}`);
  };
  const expectAllBalances = async (): Promise<void> => {
    const model = runner.readModel(balances);
    await model.waitFor(await events.head(), 10_000);
    const { items } = await model.query({ index: 'byAmount', limit: 500 });
    expect(new Map(items.map((doc) => [doc.id, doc]))).toEqual(await foldedFrom(events, balances));
  };

  describe('under way', () => {
    it('leaves the documents to be read, kept up to date and waited for, and says how far it is', async () => {
      await appendMany(1000);
      await start([balances, turnover]);
      const goOn = events.hold();
      const rebuild = runner.rebuild('balances', 'first');
      await until(() => rebuild.progress.events > 0);
      const position = await append('account-a', moved('b', 5));
      await runner.waitFor(position, 5000);
      expect(await runner.readModel(balances).get('b')).toBeUndefined();
      expect(await runner.readModel(balances).get('a')).toMatchObject({ amount: -1005 });
      expect(await runner.readModel(turnover).get('all')).toMatchObject({ moved: 1005 });
      expect(runner.stats().map(({ status }) => status)).toEqual(['live', 'live']);
      expect(rebuild.progress).toMatchObject({ id: 'first', projection: 'balances', status: 'folding', eventsToFold: 1001 });
      expect(rebuild.progress.events).toBeLessThan(1001);
      expect(rebuild.progress.eventsPerSecond).toBeGreaterThan(0);
      expect(rebuild.progress.secondsLeft).toBeGreaterThan(0);
      goOn();
      expect(await rebuild.finished).toMatchObject({ status: 'switched', different: 0, events: 1002, eventsToFold: 1002 });
      await expectAllBalances();
      expect(runner.rebuildOf('balances')).toBe(rebuild);
    });

    it('counts events also where positions do not', async () => {
      events = new HeldUpEventStore(new SparseEventStore(lmdb), { encode: (event) => event, decode: (event) => event });
      await appendMany(1000);
      await start([balances]);
      const goOn = events.hold();
      const rebuild = runner.rebuild('balances', 'first');
      await until(() => rebuild.progress.events > 0);
      const { events: read, eventsToFold } = rebuild.progress;
      expect([read % 100, read < 1000]).toEqual([0, true]);
      expect(Math.abs(eventsToFold - 1001)).toBeLessThan(10);
      goOn();
      expect(await rebuild.finished).toMatchObject({ status: 'switched', events: 1001, eventsToFold: 1001 });
    });

    it('is the only one of its model', async () => {
      await appendMany(300);
      await start([balances, turnover]);
      const goOn = events.hold();
      const rebuild = runner.rebuild('balances', 'first');
      expect(() => runner.rebuild('balances', 'second')).toThrow(RebuildRunning);
      expect(runner.rebuild('balances', 'first')).toBe(rebuild);
      expect(() => runner.rebuild('nothing', 'second')).toThrow(UnknownReadModel);
      const other = runner.rebuild('turnover', 'second');
      goOn();
      expect([(await rebuild.finished).status, (await other.finished).status]).toEqual(['switched', 'switched']);
      expect(runner.rebuild('balances', 'first')).toBe(rebuild);
      expect((await runner.rebuild('balances', 'third').finished).status).toBe('switched');
    });

    it('can be cancelled, which changes nothing', async () => {
      await appendMany(500);
      await start([balances]);
      const goOn = events.hold();
      const rebuild = runner.rebuild('balances', 'first');
      await until(() => events.batches > 0);
      const cancelled = rebuild.cancel();
      goOn();
      expect((await cancelled).status).toBe('cancelled');
      await append('account-a', moved('b', 5));
      await expectAllBalances();
      expect((await runner.rebuild('balances', 'second').finished).status).toBe('switched');
      expect(failures).toEqual([]);
    });

    it('is cancelled when the runner stops; the next start goes on with what served', async () => {
      await appendMany(500);
      await start([balances]);
      const goOn = events.hold();
      const rebuild = runner.rebuild('balances', 'first');
      await until(() => events.batches > 0);
      const stopped = runner.stop();
      goOn();
      await stopped;
      expect(rebuild.progress.status).toBe('cancelled');
      await start([balances]);
      await expectAllBalances();
    });
  });

  describe('that switches', () => {
    jest.setTimeout(60_000);
    const doubled: Projection<Balance, AccountEvent> = {
      ...balances,
      on: { ...balances.on, AccountOpened: (_, { data }, key) => ({ id: key, owner: `${data.owner}?`, amount: 0, moves: 0 }) },
    };

    it('mends what another fold of the same version has left, and tells listeners which documents', async () => {
      for (const id of ['a', 'b']) await append(`account-${id}`, opened(id));
      await start([doubled]);
      await runner.stop();
      await append('account-c', opened('c'));
      await start([balances]);
      const heard: ModelChange[] = [];
      runner.readModel(balances).changes((change) => heard.push(change));
      expect(await runner.readModel(balances).get('a')).toMatchObject({ owner: 'a?' });
      expect(await runner.rebuild('balances', 'first').finished).toMatchObject({ status: 'switched', different: 2 });
      expect(heard).toEqual([{ keys: ['a', 'b'], position: await events.head() }]);
      await expectAllBalances();
      await append('account-a', moved('b', 5));
      await expectAllBalances();
    });

    it('goes on with a page that was begun before, and comes to the same as the slow fold, whatever is appended meanwhile', async () => {
      const step = fc.tuple(
        fc.constantFrom('a', 'b', 'c', 'd'),
        fc.constantFrom('open', 'move', 'close', 'note'),
        fc.constantFrom('a', 'b', 'c'),
        fc.nat(9),
      );
      const fact = (kind: string, to: string, amount: number): DomainEvent =>
        kind === 'open' ? opened(to) : kind === 'move' ? moved(to, amount) : kind === 'close' ? closed : noteTaken(to);
      for (const id of ['staying-1', 'staying-2', 'staying-3']) await append(`account-${id}`, opened('zoe'));
      await start([balances, turnover, notes], 7);
      let id = 0;
      await fc.assert(
        fc.asyncProperty(fc.array(fc.array(step, { maxLength: 12 }), { maxLength: 4 }), async (rounds) => {
          const query = { index: 'byOwner', where: { owner: 'zoe' }, limit: 1 };
          const { items, next } = await runner.readModel(balances).query(query);
          const rebuilding = ['balances', 'turnover'].map((name) => runner.rebuild(name, `${++id}`).finished);
          for (const round of rounds) {
            const positions = await Promise.all(
              round.map(([account, kind, to, amount]) =>
                append(kind === 'note' ? `note-${account}` : `account-${account}`, fact(kind, to, amount)),
              ),
            );
            for (const position of positions) await runner.readModel(balances).waitFor(position, 10_000);
          }
          expect((await Promise.all(rebuilding)).map(({ status, different }) => [status, different])).toEqual([
            ['switched', 0],
            ['switched', 0],
          ]);
          const rest = await runner.readModel(balances).query({ ...query, limit: 5, cursor: next! });
          expect([...items, ...rest.items].map((doc) => doc.id)).toEqual(['staying-1', 'staying-2', 'staying-3']);
          await expectAllBalances();
          await runner.readModel(turnover).waitFor(await events.head(), 10_000);
          expect(await runner.readModel(turnover).get('all')).toEqual((await foldedFrom(events, turnover)).get('all'));
        }),
        { numRuns: 25 },
      );
      expect(failures).toEqual([]);
    });

    it('is at least as far as what served, also where the events do not concern the model', async () => {
      await append('account-a', opened('ann'));
      await start([balances, notes]);
      const position = await append('note-1', noteTaken('hello'));
      await runner.readModel(balances).waitFor(position, 5000);
      expect((await runner.rebuild('balances', 'first').finished).status).toBe('switched');
      expect(comparePositions(runner.readModel(balances).checkpoint()!, position)).toBeGreaterThanOrEqual(0);
    });

    it('is nothing special for an empty store', async () => {
      await start([balances]);
      expect(await runner.rebuild('balances', 'first').finished).toMatchObject({ status: 'switched', events: 0, different: 0 });
      await runner.readModel(balances).waitFor(await append('account-a', opened('ann')), 5000);
      expect(await runner.readModel(balances).get('a')).toMatchObject({ owner: 'ann' });
    });
  });

  describe('of a model that has failed', () => {
    it('brings it back to life once the projection is mended', async () => {
      let broken = true;
      const touchy: Projection<Balance, AccountEvent> = {
        ...balances,
        name: 'touchy',
        on: {
          ...balances.on,
          MoneyMoved: (balance, event, key) => {
            if (broken) throw new Error('bug');
            return (balances.on.MoneyMoved as (...args: unknown[]) => Balance | undefined)(balance, event, key);
          },
        },
      };
      await append('account-a', opened('ann'), moved('b', 5));
      await start([touchy, turnover]);
      expect(statusOf('touchy')).toBe('failed');
      expect((await runner.rebuild('touchy', 'first').finished).status).toBe('failed');
      expect(statusOf('touchy')).toBe('failed');
      broken = false;
      expect(await runner.rebuild('touchy', 'second').finished).toMatchObject({ status: 'switched', different: 1 });
      await until(() => statusOf('touchy') === 'live' && statusOf('turnover') === 'live');
      await runner.readModel(touchy).waitFor(await append('account-a', moved('b', 2)), 5000);
      expect(await runner.readModel(touchy).get('a')).toMatchObject({ amount: -7, moves: 2 });
    });
  });

  describe('that fails', () => {
    it('says why, and leaves everything as it was', async () => {
      let broken = false;
      const touchy: Projection<Balance, AccountEvent> = {
        ...balances,
        keys: (event) => {
          if (broken && event.type === 'AccountClosed') throw new Error('bug');
          return balances.keys!(event);
        },
      };
      await append('account-a', opened('ann'), moved('b', 5));
      const culprit = await append('account-b', closed);
      await start([touchy, turnover]);
      broken = true;
      const { status, error } = await runner.rebuild('balances', 'first').finished;
      expect([status, error]).toEqual(['failed', expect.objectContaining({ message: 'bug' })]);
      expect(failures).toEqual([
        expect.objectContaining({ projection: 'balances', event: expect.objectContaining({ position: culprit }) }),
      ]);
      expect(runner.health().map((one) => one.status)).toEqual(['live', 'live']);
      await runner.readModel(touchy).waitFor(await append('account-a', moved('b', 1)), 5000);
      expect(await runner.readModel(touchy).get('a')).toMatchObject({ amount: -6 });
    });

    it('at any of its writes does so too, and can be tried again', async () => {
      await appendMany(300);
      await start([balances, turnover]);
      for (let n = 1, status = ''; status !== 'switched'; n++) {
        let writes = 0;
        failing.fails = () => ++writes === n;
        status = (await runner.rebuild('turnover', `${n}`).finished).status;
        failing.fails = () => false;
        expect([n, status]).toEqual([n, writes < n ? 'switched' : 'failed']);
        await append('account-a', moved('b', 1));
        await expectAllBalances();
        await runner.waitFor(await events.head(), 10_000);
        expect(await runner.readModel(turnover).get('all')).toEqual((await foldedFrom(events, turnover)).get('all'));
      }
      expect(failures.length).toBeGreaterThan(1);
    });
  });
});
