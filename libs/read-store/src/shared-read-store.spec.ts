import { randomBytes } from 'node:crypto';
import {
  comparePositions,
  type Document,
  type DomainEvent,
  keysOf,
  type Position,
  project,
  type Projection,
} from '@souk/event-sourcing';
import { temporaryFolder } from '@souk/event-sourcing/testing';
import { LmdbEventStore } from '@souk/event-store';
import * as fc from 'fast-check';
import { type Balance, balances, closed, moved, noteTaken, notes, opened, toAppend, turnover } from '../test/accounts';
import { Replica } from '../test/replica';
import { foldedFrom } from '../test/plain-fold';
import { type AnyProjection, LmdbReadStore, NotActive, ReadModelBehind } from '.';

describe('Replicas that share a read store', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let events: LmdbEventStore;
  let reads: LmdbReadStore;
  let replicas: Replica[];

  const open = async (count: number, batchSize = 1024, projections: readonly AnyProjection[] = [balances, turnover, notes]) => {
    folder = temporaryFolder();
    events = await LmdbEventStore.open({ directory: `${folder.path}/events` });
    reads = await LmdbReadStore.open({ directory: `${folder.path}/reads`, signingKey: randomBytes(32) });
    replicas = Array.from({ length: count }, () => new Replica(events, reads, projections, batchSize));
  };
  const close = async (): Promise<void> => {
    for (const replica of replicas) replica.thaw();
    for (const { runner } of replicas) await runner.stop();
    await reads.close();
    await events.close();
    folder.remove();
  };
  const append = async (stream: string, ...facts: DomainEvent[]): Promise<Position> =>
    (await events.append(stream, 'any', facts.map(toAppend))).position;
  const until = async (condition: () => boolean): Promise<void> => {
    for (const end = Date.now() + 10_000; !condition(); await new Promise((resolve) => setTimeout(resolve, 5)))
      if (Date.now() > end) throw new Error(`waited in vain: ${JSON.stringify(replicas.map(({ statuses }) => statuses))}`);
  };
  const is = (replica: Replica, status: string): boolean => replica.statuses.every((one) => one === status);
  const documents = async <Doc extends Document, Event extends DomainEvent>(
    projection: Projection<Doc, Event>,
  ): Promise<Map<string, Doc>> => {
    const docs = new Map<string, Doc>();
    for await (const { id, doc } of reads.open<Doc>(projection).documents()) docs.set(id, doc);
    return docs;
  };
  /** Where each document was last touched, where there was one before or after. */
  const touched = async (): Promise<Map<string, Position>> => {
    const last = new Map<string, Position>();
    const docs = new Map<string, Balance>();
    for await (const event of events.readAll({ filter: { streamPrefixes: balances.streamPrefixes } }))
      for (const key of keysOf(balances, event as never)) {
        const before = docs.get(key);
        const doc = project(balances, before, event as never, key);
        if (before || doc) last.set(key, event.position);
        if (doc) docs.set(key, doc);
        else docs.delete(key);
      }
    return last;
  };

  describe('one of which folds', () => {
    let active: Replica;
    let other: Replica;
    beforeEach(async () => {
      await open(2);
      [active, other] = replicas as [Replica, Replica];
      active.lease.set(true);
      for (const { runner } of replicas) await runner.start();
      await until(() => is(active, 'live') && is(other, 'following'));
    });
    afterEach(close);

    it('answer the same, and wait for what was written elsewhere', async () => {
      const position = await append('account-a', opened('ann'), moved('b', 5));
      for (const { balances: model } of replicas) {
        await model.waitFor(position, 10_000);
        expect(await model.get('a')).toMatchObject({ owner: 'ann', amount: -5 });
        expect((await model.query({ index: 'byOwner', where: { owner: 'ann' } })).items).toHaveLength(1);
      }
      // Of streams that it does not read, and of events that it ignores, it need not hear anything.
      const later = await append('note-n', noteTaken('hello'));
      await other.runner.waitFor(later, 10_000);
      expect(other.runner.stats().map(({ status, commits }) => [status, commits])).toEqual([
        ['following', 0],
        ['following', 0],
        ['following', 0],
      ]);
    });

    it('are told of every document that was touched, once it can be read', async () => {
      const heard: string[] = [];
      other.balances.changes(({ keys }) => heard.push(...keys));
      await append('account-a', opened('ann'), moved('b', 5));
      await append('account-c', opened('cem'), closed);
      await other.balances.waitFor(await events.head(), 10_000);
      expect(new Set(heard)).toEqual(new Set(['a', 'b', 'c']));
      expect(await other.balances.get('a')).toMatchObject({ moves: 1 });
    });

    it('come at once as far as an event of which nothing was written', async () => {
      await append('account-a', opened('ann'));
      await active.runner.waitFor(await events.head(), 10_000);
      // Of an account that is not there: neither before nor after it, there is a document.
      const position = await append('account-x', moved('y', 1));
      await active.balances.waitFor(position, 10_000);
      // Sooner than checkpoints are put on disk where nobody waits for them.
      await other.balances.waitFor(position, 4_000);
    });

    it('are not told of what is not committed yet', async () => {
      active.freeze();
      const position = await append('account-a', opened('ann'));
      await expect(other.balances.waitFor(position, 100)).rejects.toMatchObject({ code: 'read-model-behind' });
      expect(other.told.size).toBe(0);
      active.thaw();
      await other.balances.waitFor(position, 10_000);
      expect(other.told.get('a')).toBe(position);
    });

    it('refuse to rebuild where they follow', async () => {
      expect(() => other.runner.rebuild('balances', 'request')).toThrow(NotActive);
      await append('account-a', opened('ann'));
      expect((await active.runner.rebuild('balances', 'request').finished).status).toBe('switched');
    });

    it('give up a rebuild when another one takes over', async () => {
      await append('account-a', opened('ann'));
      active.freeze();
      const { finished } = active.runner.rebuild('balances', 'request');
      active.lease.set(false);
      active.thaw();
      expect((await finished).status).toBe('cancelled');
      await until(() => is(active, 'following'));
    });

    it('are told of documents that a rebuild elsewhere has changed', async () => {
      const position = await append('account-a', opened('ann'));
      await active.balances.waitFor(position, 10_000);
      await active.runner.stop();
      // Nothing of any event: it is in the documents because they are wrong.
      const wrong = { id: 'ghost', owner: 'nobody', amount: 0, moves: 0 };
      const later = await append('note-n', noteTaken('hello'));
      await reads.open<Balance>(balances).commit([{ id: 'ghost', doc: wrong, position: later }], position);
      await active.runner.start();
      await until(() => is(active, 'live'));
      expect((await active.runner.rebuild('balances', 'request').finished).different).toBe(1);
      expect(other.told.has('ghost')).toBe(false);
      active.lease.set(false);
      other.lease.set(true);
      await until(() => is(other, 'live'));
      expect(other.told.has('ghost')).toBe(true);
    });

    it('go on when another one takes over, and the one before follows it', async () => {
      await append('account-a', opened('ann'));
      active.lease.set(false);
      other.lease.set(true);
      await until(() => is(active, 'following') && is(other, 'live'));
      const position = await append('account-a', moved('a', 1));
      await active.balances.waitFor(position, 10_000);
      expect(active.told.get('a')).toBe(position);
      expect(await documents(balances)).toEqual(await foldedFrom(events, balances));
    });

    it('are told of what another one has committed and nobody has heard of, when they take over', async () => {
      active.freeze();
      await append('account-a', opened('ann'));
      // It has lost the lease, and does not know: its commit comes when the other one is at work.
      other.lease.set(true);
      await until(() => is(other, 'live'));
      active.lease.set(false);
      active.thaw();
      const position = await append('account-b', opened('ben'));
      for (const { balances: model, told } of replicas) {
        await model.waitFor(position, 10_000);
        expect([...told.keys()].sort()).toEqual(['a', 'b']);
      }
      expect(await documents(balances)).toEqual(await foldedFrom(events, balances));
    });

    it('do not raise a document that another one has written late, after it was deleted', async () => {
      active.freeze();
      await append('account-a', opened('ann'));
      await until(() => active.runner.stats()[0]!.events === 1);
      other.lease.set(true);
      await until(() => is(other, 'live'));
      active.lease.set(false);
      const position = await append('account-a', closed);
      await other.balances.waitFor(position, 10_000);
      active.thaw();
      await until(() => is(active, 'following'));
      expect(await documents(balances)).toEqual(new Map());
    });
  });

  describe('one of whose read models has failed', () => {
    let broken: boolean;
    let active: Replica;
    let other: Replica;
    const brittle: Projection<{ readonly text: string }, DomainEvent<'NoteTaken', { text: string }>> = {
      ...notes,
      on: {
        NoteTaken: (_, { data }) => {
          if (broken && data.text === 'bad') throw new Error('a bug');
          return { text: data.text };
        },
      },
    };
    beforeEach(async () => {
      broken = true;
      await open(2, 1024, [balances, brittle]);
      [active, other] = replicas as [Replica, Replica];
      active.lease.set(true);
      for (const { runner } of replicas) await runner.start();
      await until(() => is(active, 'live') && is(other, 'following'));
    });
    afterEach(close);

    it('let readers of the others see what they wrote', async () => {
      await append('note-n', noteTaken('bad'));
      const position = await append('account-a', opened('ann'));
      // This reader waits when the failure becomes known, the next one comes later.
      for (let n = 0; n < 2; n++) await other.runner.waitFor(position, 10_000);
      await expect(other.runner.readModel(brittle).waitFor(position, 10_000)).rejects.toBeInstanceOf(ReadModelBehind);
    });

    it('know of it from the start', async () => {
      await other.runner.stop();
      await append('note-n', noteTaken('bad'));
      await until(() => active.statuses.includes('failed'));
      await append('account-a', opened('ann'));
      await other.runner.start();
      await other.runner.waitFor(await events.head(), 10_000);
    });

    it('wait for it again when it was mended', async () => {
      const position = await append('note-n', noteTaken('bad'));
      await other.runner.waitFor(position, 10_000);
      broken = false;
      expect((await active.runner.rebuild('notes', 'request').finished).status).toBe('switched');
      await until(() => comparePositions(other.runner.readModel(brittle).checkpoint()!, position) >= 0);
      const model = other.runner.readModel(brittle);
      const isWaitedFor = async (): Promise<boolean> => {
        const later = await append('note-n', noteTaken('good'));
        return model.waitFor(later, 10_000).then(
          () => true,
          () => false,
        );
      };
      for (const end = Date.now() + 10_000; !(await isWaitedFor());) expect(Date.now()).toBeLessThan(end);
      expect(await model.get('n')).toEqual({ text: 'good' });
    });
  });

  /** What may happen to them, in any order. */
  const account = fc.constantFrom('a', 'b', 'c', 'd');
  const replica = fc.nat({ max: 2 });
  const happening = fc.oneof(
    { weight: 6, arbitrary: fc.record({ what: fc.constant('open' as const), account }) },
    { weight: 6, arbitrary: fc.record({ what: fc.constant('move' as const), account, to: account }) },
    { weight: 3, arbitrary: fc.record({ what: fc.constant('close' as const), account }) },
    { weight: 3, arbitrary: fc.record({ what: fc.constant('gain' as const), replica }) },
    { weight: 2, arbitrary: fc.record({ what: fc.constant('lose' as const), replica }) },
    { weight: 2, arbitrary: fc.record({ what: fc.constant('freeze' as const), replica }) },
    { weight: 2, arbitrary: fc.record({ what: fc.constant('thaw' as const), replica }) },
    { weight: 1, arbitrary: fc.record({ what: fc.constant('rebuild' as const), replica }) },
    { weight: 4, arbitrary: fc.record({ what: fc.constant('pause' as const), turns: fc.nat({ max: 40 }) }) },
  );
  type Happening = typeof happening extends fc.Arbitrary<infer T> ? T : never;

  const happen = async (one: Happening, n: number): Promise<void> => {
    switch (one.what) {
      case 'open':
        await append(`account-${one.account}`, opened(`owner ${n}`));
        break;
      case 'move':
        await append(`account-${one.account}`, moved(one.to, n));
        break;
      case 'close':
        await append(`account-${one.account}`, closed);
        break;
      case 'gain':
        replicas[one.replica]!.lease.set(true);
        break;
      case 'lose':
        replicas[one.replica]!.lease.set(false);
        break;
      case 'freeze':
        replicas[one.replica]!.freeze();
        break;
      case 'thaw':
        replicas[one.replica]!.thaw();
        break;
      case 'rebuild':
        try {
          replicas[one.replica]!.runner.rebuild('balances', `rebuild ${n}`);
        } catch (error) {
          expect((error as { code: string }).code).toMatch(/^(not-active|rebuild-running)$/);
        }
        break;
      case 'pause':
        for (let turn = 0; turn < one.turns; turn++) await new Promise(setImmediate);
    }
  };

  it('come to what a plain fold comes to, whoever folds, twice or frozen, and tell everybody of everything', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(happening, { minLength: 10, maxLength: 80 }),
        fc.constantFrom(1, 3, 1024),
        async (story, batch) => {
          await open(3, batch);
          try {
            for (const { runner } of replicas) await runner.start();
            for (const [n, one] of story.entries()) {
              await happen(one, n);
              for (const each of replicas) each.watch();
            }
            for (const each of replicas) each.thaw();
            for (const [n, each] of replicas.entries()) each.lease.set(n === 0);
            await until(() => is(replicas[0]!, 'live') && is(replicas[1]!, 'following') && is(replicas[2]!, 'following'));
            const head = await events.head();
            for (const { runner } of replicas) await runner.waitFor(head, 10_000);

            expect(await documents(balances)).toEqual(await foldedFrom(events, balances));
            expect(await documents(turnover)).toEqual(await foldedFrom(events, turnover));
            const last = await touched();
            for (const { told, lies, failures } of replicas) {
              expect(lies).toEqual([]);
              // A rebuild fails where another one has folded meanwhile, or rebuilds as well: nothing has changed then.
              for (const { error } of failures) expect((error as { code?: string }).code).toMatch(/^generation-(gone|behind)$/);
              const untold = [...last].filter(([key, at]) => !told.has(key) || comparePositions(told.get(key)!, at) < 0);
              expect(untold).toEqual([]);
            }
          } finally {
            await close();
          }
        },
      ),
      { numRuns: 25, endOnFailure: true },
    );
  }, 120_000);
});
