import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Position, positionOf } from '@souk/event-sourcing';
import {
  type CollectionWriter,
  GenerationBehind,
  GenerationGone,
  type GenerationWriter,
  InvalidCursor,
  MAX_CHOICES,
  MAX_PAGE_BYTES,
  MAX_SCANNED,
  type Page,
  type Query,
  type ReadStore,
  UncoveredQuery,
} from '@souk/read-store';
import * as fc from 'fast-check';
import { type Animal, animalsSpec, documentChanges, entriesInOrder, queries, queriesOfRanges } from './animals';

/** A store to try the laws on. */
export interface ReadStoreFixture {
  readonly store: ReadStore;
  /** Closes the store and opens it again on the same data. */
  reopen(): Promise<ReadStore>;
  /** Closes it and removes all traces. */
  destroy(): Promise<void>;
}

const at = (ordinal: number): Position => positionOf('contract', ordinal);
const leo: Animal = { id: 'leo', kind: 'lion', legs: 4, tags: ['wild', 'cat'], home: { country: 'ke' } };

/** The laws of {@link ReadStore}. Call within a spec file; `factory` makes an empty store. */
export function readStoreContract(name: string, factory: () => Promise<ReadStoreFixture>): void {
  describe(`${name} as a ReadStore`, () => {
    let fixture: ReadStoreFixture;
    let animals: CollectionWriter<Animal>;

    beforeEach(async () => {
      fixture = await factory();
      animals = fixture.store.open<Animal>(animalsSpec());
    });
    afterEach(() => fixture.destroy());

    const commit = (docs: readonly Animal[], ordinal: number): Promise<void> =>
      animals.commit(
        docs.map((doc) => ({ id: doc.id, doc, position: at(ordinal) })),
        at(ordinal),
      );
    const ids = (page: Page<Animal>): string[] => page.items.map(({ id }) => id);

    /** All pages of a query, one after the other. */
    const walk = async (query: Query<Animal>, between?: (page: number) => Promise<void>): Promise<string[]> => {
      const seen: string[] = [];
      let cursor: string | undefined;
      for (let page = 1; ; page++) {
        const { items, next } = await animals.query({ ...query, ...(cursor !== undefined && { cursor }) });
        seen.push(...items.map(({ id }) => id));
        if (next === undefined) return seen;
        cursor = next;
        await between?.(page);
      }
    };

    describe('a collection', () => {
      it('is empty at first, without checkpoint', async () => {
        expect(await animals.get('leo')).toBeUndefined();
        expect(await animals.getForUpdate('leo')).toBeUndefined();
        expect(await animals.checkpoint()).toBeUndefined();
        expect(await animals.query({ index: 'byKind' })).toEqual({ items: [] });
      });

      it('answers what was committed, with the checkpoint, also after it was opened again', async () => {
        await commit([leo], 7);
        const again = (await fixture.reopen()).open<Animal>(animalsSpec());
        for (const collection of [again]) {
          expect(await collection.get('leo')).toEqual(leo);
          expect(await collection.getForUpdate('leo')).toEqual({ doc: leo, position: at(7) });
          expect(await collection.checkpoint()).toBe(at(7));
          expect(ids(await collection.query({ index: 'byKind', where: { kind: 'lion' } }))).toEqual(['leo']);
        }
      });

      it('is the same one when opened twice, and refuses another specification', () => {
        expect(fixture.store.open(animalsSpec())).toBe(animals);
        expect(() => fixture.store.open({ ...animalsSpec(), version: 2 })).toThrow();
      });

      it('shares nothing with another one', async () => {
        const plants = fixture.store.open<Animal>({ ...animalsSpec(), name: 'plants' });
        await commit([leo], 7);
        expect(await plants.get('leo')).toBeUndefined();
        expect(await plants.checkpoint()).toBeUndefined();
        expect(await plants.query({ index: 'byKind' })).toEqual({ items: [] });
      });

      it('applies commits in the order of the calls', async () => {
        await Promise.all([1, 2, 3, 4, 5].map((n) => commit([{ ...leo, legs: n }], n)));
        expect(await animals.getForUpdate('leo')).toEqual({ doc: { ...leo, legs: 5 }, position: at(5) });
        expect(ids(await animals.query({ index: 'byLegs' }))).toEqual(['leo']);
      });

      it('moves its checkpoint without a change, and never back', async () => {
        await animals.commit([], at(9));
        await animals.commit([], at(4));
        expect(await animals.checkpoint()).toBe(at(9));
      });

      it('starts empty in another version', async () => {
        await commit([leo], 7);
        const store = await fixture.reopen();
        const next = store.open<Animal>({ ...animalsSpec(), version: 2 });
        expect(await next.checkpoint()).toBeUndefined();
        expect(await next.get('leo')).toBeUndefined();
        expect(await next.query({ index: 'byKind' })).toEqual({ items: [] });
        await next.commit([{ id: 'leo', doc: { ...leo, legs: 3 }, position: at(7) }], at(7));
        const again = (await fixture.reopen()).open<Animal>({ ...animalsSpec(), version: 2 });
        expect(await again.get('leo')).toEqual({ ...leo, legs: 3 });
      });

      it('is empty again when cleared, and takes the same events again', async () => {
        await commit([leo], 7);
        await animals.clear();
        expect(await animals.checkpoint()).toBeUndefined();
        expect(await animals.get('leo')).toBeUndefined();
        expect(await animals.query({ index: 'byKind' })).toEqual({ items: [] });
        await commit([leo], 7);
        const again = (await fixture.reopen()).open<Animal>(animalsSpec());
        expect(ids(await again.query({ index: 'byKind' }))).toEqual(['leo']);
      });
    });

    describe('a change', () => {
      it('at or below the position of its document is a no-op', async () => {
        await animals.commit([{ id: 'leo', doc: leo, position: at(5) }], at(2));
        for (const ordinal of [4, 5])
          await animals.commit([{ id: 'leo', doc: { ...leo, legs: 0 }, position: at(ordinal) }], at(2));
        expect(await animals.getForUpdate('leo')).toEqual({ doc: leo, position: at(5) });
        await animals.commit([{ id: 'leo', doc: { ...leo, legs: 3 }, position: at(6) }], at(6));
        expect(await animals.get('leo')).toEqual({ ...leo, legs: 3 });
      });

      it('that deletes leaves a tombstone until the checkpoint has passed', async () => {
        await animals.commit([{ id: 'leo', doc: leo, position: at(3) }], at(2));
        await animals.commit([{ id: 'leo', doc: undefined, position: at(5) }], at(2));
        expect(await animals.get('leo')).toBeUndefined();
        expect(await animals.query({ index: 'byKind' })).toEqual({ items: [] });
        expect(await animals.getForUpdate('leo')).toEqual({ doc: undefined, position: at(5) });
        await animals.commit([{ id: 'leo', doc: leo, position: at(3) }], at(4));
        expect(await animals.get('leo')).toBeUndefined();
        await animals.commit([], at(5));
        expect((await animals.getForUpdate('leo'))?.doc).toBeUndefined();
        await commit([leo], 6);
        expect(await animals.get('leo')).toEqual(leo);
      });

      it('that comes after a tombstone lives on when the checkpoint passes', async () => {
        await animals.commit([{ id: 'leo', doc: undefined, position: at(5) }], at(2));
        await animals.commit([{ id: 'leo', doc: leo, position: at(6) }], at(4));
        await animals.commit([], at(6));
        expect(await animals.get('leo')).toEqual(leo);
        expect(ids(await animals.query({ index: 'byKind' }))).toEqual(['leo']);
      });

      it('follows one of the same document in the same commit', async () => {
        const changes = [1, 2, 3].map((n) => ({ id: 'leo', doc: { ...leo, legs: n, kind: `kind ${n}` }, position: at(n) }));
        await animals.commit(changes, at(3));
        expect(await animals.get('leo')).toMatchObject({ legs: 3 });
        expect(ids(await animals.query({ index: 'byKind' }))).toEqual(['leo']);
      });
    });

    describe('a query', () => {
      it('equals a filter and a sort over all documents, whatever happened before', async () => {
        await fc.assert(
          fc.asyncProperty(documentChanges, fc.array(queries, { minLength: 1, maxLength: 5 }), async (batches, asked) => {
            await animals.clear();
            const model = new Map<string, Animal>();
            let ordinal = 0;
            for (const batch of batches) {
              const changes = batch.map(([id, animal]) => ({ id, doc: animal && { ...animal, id }, position: at(++ordinal) }));
              await animals.commit(changes, at(ordinal));
              for (const { id, doc } of changes) {
                if (doc) model.set(id, doc);
                else model.delete(id);
              }
            }
            for (const query of asked) expect(await walk(query)).toEqual(entriesInOrder([...model.values()], query));
          }),
          { numRuns: 150 },
        );
      });

      it('for several ranges answers what lies in all of them, in the order of one of them', async () => {
        await fc.assert(
          fc.asyncProperty(documentChanges, queriesOfRanges, async (batches, { ranges, ...query }) => {
            await animals.clear();
            const model = new Map(batches.flat().map(([id, animal]) => [id, animal && { ...animal, id }]));
            const there = [...model.values()].filter((doc) => doc !== undefined);
            await commit(there, 1);
            const answers = ranges.map((range) => entriesInOrder(there, { ...query, range }));
            const inAll = answers.map((answer) => answer.filter((id) => answers.every((other) => other.includes(id))));
            expect(inAll).toContainEqual(await walk({ ...query, ranges }));
          }),
          { numRuns: 150 },
        );
      });

      it('puts null before booleans before numbers before text, and what is not there with null', async () => {
        const values = [undefined, null, false, true, -1.5, 0, 2, 10, '', '10', '2', 'a'];
        const docs = values.map((legs, n): Animal => ({ id: `${n}`.padStart(2, '0'), kind: 'any', legs, tags: [] }));
        await commit([...docs].reverse(), 1);
        const inOrder = docs.map(({ id }) => id);
        expect(ids(await animals.query({ index: 'byLegs' }))).toEqual(inOrder);
        expect(ids(await animals.query({ index: 'byLegs', order: 'descending' }))).toEqual([...inOrder].reverse());
        expect(ids(await animals.query({ index: 'byLegs', range: { from: 0, to: '2' } }))).toEqual(inOrder.slice(5, 10));
      });

      it('answers a document once for each value asked for, however often it is in the index', async () => {
        await commit(
          [
            { ...leo, tags: ['b', 'a', 'a', 'c'] },
            { ...leo, id: 'none', tags: [] },
          ],
          1,
        );
        expect(ids(await animals.query({ index: 'byTag', where: { tags: 'a' } }))).toEqual(['leo']);
        for (const order of ['ascending', 'descending'] as const) {
          expect(await walk({ index: 'byTag', limit: 1, order })).toEqual(['leo']);
          expect(await walk({ index: 'byTag', limit: 1, order, range: { from: 'b' } })).toEqual(['leo']);
        }
      });

      it('that no declared index covers is refused', async () => {
        const uncovered: Query<Animal>[] = [
          { index: 'byColour' },
          { index: 'byKind', where: { legs: 4 } },
          { index: 'byKindAndLegs', where: { legs: 4 } },
          { index: 'byKind', where: { kind: 'lion', legs: 4 } },
          { index: 'byKind', where: { kind: 'lion' }, range: { from: 1 } },
        ];
        for (const query of uncovered) await expect(animals.query(query)).rejects.toBeInstanceOf(UncoveredQuery);
      });

      it('answers 50 documents unless told, 1 to 500 when told', async () => {
        await commit(
          Array.from({ length: 520 }, (_, n) => ({ ...leo, id: `${n}` })),
          1,
        );
        expect((await animals.query({ index: 'byKind' })).items).toHaveLength(50);
        expect((await animals.query({ index: 'byKind', limit: 500 })).items).toHaveLength(500);
        for (const limit of [0, -1, 1.5, 501, NaN])
          await expect(animals.query({ index: 'byKind', limit })).rejects.toBeInstanceOf(RangeError);
      });

      it('has no next page when nothing follows', async () => {
        await commit(
          ['a', 'b', 'c', 'd'].map((id) => ({ ...leo, id })),
          1,
        );
        const { next } = await animals.query({ index: 'byKind', limit: 2 });
        expect((await animals.query({ index: 'byKind', limit: 2, cursor: next! })).next).toBeUndefined();
        expect((await animals.query({ index: 'byKind', limit: 4 })).next).toBeUndefined();
      });

      it(`looks at ${MAX_SCANNED} entries for the sake of a filter, and goes on from there`, async () => {
        const many = Array.from({ length: MAX_SCANNED + 10 }, (_, n) => ({ ...leo, id: `${n}`.padStart(5, '0'), legs: n }));
        await commit(many, 1);
        const query: Query<Animal> = { index: 'byKind', filter: ({ legs }) => Number(legs) > MAX_SCANNED };
        const first = await animals.query(query);
        expect(first.items).toEqual([]);
        const second = await animals.query({ ...query, cursor: first.next! });
        expect(second.items).toHaveLength(9);
        expect(second.next).toBeUndefined();
      });

      it('ends a page early where documents are large', async () => {
        const kind = 'x'.repeat(MAX_PAGE_BYTES / 4);
        await commit(
          Array.from({ length: 9 }, (_, n) => ({ ...leo, id: `${n}`, kind })),
          1,
        );
        const first = await animals.query({ index: 'byLegs' });
        expect(first.items).toHaveLength(4);
        expect(await walk({ index: 'byLegs' })).toHaveLength(9);
      });

      it('walks over the narrowest of several ranges, wherever it stands among the first', async () => {
        const many = Array.from({ length: MAX_SCANNED + 10 }, (_, n) => ({ ...leo, id: `${n}`.padStart(5, '0'), tags: ['cat'] }));
        await commit([...many, { ...leo, id: 'rare', tags: ['cat', 'rare'] }], 1);
        const cats = Array.from({ length: MAX_CHOICES - 1 }, () => ({ from: 'cat', to: 'cau' }));
        for (const rare of [
          { from: 'rare', to: 'rarf' },
          { from: 'nowhere', to: 'nowherf' },
        ]) {
          const { items, next } = await animals.query({ index: 'byTag', ranges: [...cats, rare] });
          expect(items).toHaveLength(rare.from === 'rare' ? 1 : 0);
          expect(next).toBeUndefined();
        }
      });

      it(`looks at ${MAX_SCANNED} entries for the sake of several ranges, and goes on from there`, async () => {
        const many = Array.from({ length: 2 * MAX_SCANNED + 2 }, (_, n) => ({
          ...leo,
          id: `${n}`.padStart(5, '0'),
          tags: [n % 2 === 0 ? 'a' : 'b'],
        }));
        await commit([...many, { ...leo, id: 'both', tags: ['a', 'b'] }], 1);
        const query: Query<Animal> = { index: 'byTag', ranges: [{ from: 'b' }, { to: 'b' }] };
        const first = await animals.query(query);
        expect(first.items).toEqual([]);
        const second = await animals.query({ ...query, cursor: first.next! });
        expect(ids(second)).toEqual(['both']);
        expect(second.next).toBeUndefined();
      });
    });

    describe('a cursor', () => {
      const query: Query<Animal> = { index: 'byKindAndLegs', where: { kind: 'lion' }, limit: 1, audience: 'tenant-1' };
      let cursor: string;

      beforeEach(async () => {
        await commit(
          ['a', 'b', 'c'].map((id) => ({ ...leo, id })),
          1,
        );
        cursor = (await animals.query(query)).next!;
      });

      it('goes on after the last document, with any limit, also when the store was opened again', async () => {
        expect(ids(await animals.query({ ...query, cursor }))).toEqual(['b']);
        const again = (await fixture.reopen()).open<Animal>(animalsSpec());
        expect(ids(await again.query({ ...query, limit: 5, cursor }))).toEqual(['b', 'c']);
      });

      it('of another audience, query or collection is refused', async () => {
        const plants = fixture.store.open<Animal>({ ...animalsSpec(), name: 'plants' });
        const others: Query<Animal>[] = [
          { ...query, audience: 'tenant-2' },
          { index: 'byKindAndLegs', where: { kind: 'lion' }, limit: 1 },
          { ...query, where: { kind: 'tiger' } },
          { ...query, index: 'byKind' },
          { ...query, order: 'descending' },
          { ...query, range: { from: null } },
          { ...query, range: { to: 4 } },
          { ...query, ranges: [{}, {}] },
        ];
        for (const other of others) await expect(animals.query({ ...other, cursor })).rejects.toBeInstanceOf(InvalidCursor);
        await expect(plants.query({ ...query, cursor })).rejects.toBeInstanceOf(InvalidCursor);
      });

      it('that was forged is refused', async () => {
        for (const forged of ['', 'x', '!', cursor.slice(0, -1), `${cursor}A`, ` ${cursor}`])
          await expect(animals.query({ ...query, cursor: forged })).rejects.toBeInstanceOf(InvalidCursor);
        await fc.assert(
          fc.asyncProperty(
            fc.nat({ max: cursor.length - 1 }),
            fc.constantFrom('A', 'Z', 'a', 'z', '0', '9', '-', '_'),
            async (index, char) => {
              fc.pre(cursor[index] !== char);
              const forged = cursor.slice(0, index) + char + cursor.slice(index + 1);
              await expect(animals.query({ ...query, cursor: forged })).rejects.toBeInstanceOf(InvalidCursor);
            },
          ),
        );
      });

      it('shows every document that was there all the time once, in order, whatever is written meanwhile', async () => {
        const churn = fc.array(fc.array(fc.tuple(fc.nat({ max: 40 }), fc.boolean(), fc.nat({ max: 6 })), { maxLength: 6 }), {
          maxLength: 8,
        });
        const order = fc.constantFrom('ascending' as const, 'descending' as const);
        await fc.assert(
          fc.asyncProperty(
            fc.array(fc.nat({ max: 6 }), { maxLength: 30 }),
            churn,
            order,
            fc.integer({ min: 1, max: 7 }),
            async (stay, writes, direction, limit) => {
              await animals.clear();
              let ordinal = 1;
              const staying = stay.map((legs, n): Animal => ({ ...leo, id: `stay-${n}`, legs }));
              await commit(staying, ordinal);
              const write = async (page: number): Promise<void> => {
                const changes = (writes[page - 1] ?? []).map(([n, there, legs]) => ({
                  id: `come-${n}`,
                  doc: there ? { ...leo, id: `come-${n}`, legs } : undefined,
                  position: at(++ordinal),
                }));
                await animals.commit(changes, at(ordinal));
              };
              const asked: Query<Animal> = { index: 'byLegs', order: direction, limit };
              const seen = (await walk(asked, write)).filter((id) => id.startsWith('stay'));
              expect(seen).toEqual(entriesInOrder(staying, asked));
            },
          ),
          { numRuns: 60 },
        );
      });
    });

    describe('the documents', () => {
      const all = async (writer: GenerationWriter<Animal>): Promise<unknown[]> => {
        const found: unknown[] = [];
        for await (const one of writer.documents()) found.push(one);
        return found;
      };

      it('come by the bytes of their ids, with their positions, without what was deleted', async () => {
        const docs = ['b', 'é', 'a', 'gone', '\0', 'aa', '狮', '🦁'].map((id): Animal => ({ ...leo, id }));
        await commit(docs, 1);
        await animals.commit([{ id: 'gone', doc: undefined, position: at(3) }], at(2));
        const inOrder = ['\0', 'a', 'aa', 'b', 'é', '狮', '🦁'];
        expect(await all(animals)).toEqual(inOrder.map((id) => ({ id, doc: { ...leo, id }, position: at(1) })));
      });

      it('are seen once each where they are there all the time, whatever is written meanwhile', async () => {
        const named = (prefix: string, n: number): string => `${`${n}`.padStart(4, '0')}-${prefix}`;
        const staying = Array.from({ length: 900 }, (_, n): Animal => ({ ...leo, id: named('stay', n) }));
        await commit(staying, 1);
        const seen: string[] = [];
        for await (const { id } of animals.documents()) {
          seen.push(id);
          if (seen.length % 150 === 0) await commit([{ ...leo, id: named('come', seen.length * 2) }], seen.length);
        }
        expect(seen.filter((id) => id.endsWith('stay'))).toEqual(staying.map(({ id }) => id));
      });
    });

    describe('a new generation', () => {
      const legsOf = async (collection: GenerationWriter<Animal>): Promise<unknown> => (await collection.get('leo'))?.legs;
      const built = async (legs: number, ordinal: number) => {
        const generation = await animals.startGeneration();
        await generation.commit([{ id: 'leo', doc: { ...leo, legs }, position: at(ordinal) }], at(ordinal));
        return generation;
      };

      it('is empty, and shares nothing with the one that serves', async () => {
        await commit([leo], 7);
        const generation = await animals.startGeneration();
        expect(await generation.checkpoint()).toBeUndefined();
        expect(await generation.get('leo')).toBeUndefined();
        expect(await generation.query({ index: 'byKind' })).toEqual({ items: [] });
        await generation.commit([{ id: 'leo', doc: { ...leo, legs: 3 }, position: at(5) }], at(5));
        await commit([{ ...leo, legs: 5 }], 8);
        expect([await legsOf(animals), await animals.checkpoint()]).toEqual([5, at(8)]);
        expect([await legsOf(generation), await generation.checkpoint()]).toEqual([3, at(5)]);
        expect(ids(await generation.query({ index: 'byLegs', where: { legs: 3 } }))).toEqual(['leo']);
        expect(ids(await animals.query({ index: 'byLegs', where: { legs: 3 } }))).toEqual([]);
      });

      it('serves from the switch on, takes the commits then, and goes on after the store was opened again', async () => {
        await commit([leo, { ...leo, id: 'only here' }], 7);
        const generation = await built(3, 8);
        await generation.serve();
        expect([await legsOf(animals), await animals.checkpoint()]).toEqual([3, at(8)]);
        expect(await animals.get('only here')).toBeUndefined();
        expect(ids(await animals.query({ index: 'byKind' }))).toEqual(['leo']);
        await commit([{ ...leo, legs: 2 }], 9);
        const again = (await fixture.reopen()).open<Animal>(animalsSpec());
        expect([await legsOf(again), await again.checkpoint()]).toEqual([2, at(9)]);
      });

      it('does not serve while it is behind', async () => {
        await commit([leo], 7);
        const generation = await built(3, 6);
        await expect(generation.serve()).rejects.toBeInstanceOf(GenerationBehind);
        await expect((await animals.startGeneration()).serve()).rejects.toBeInstanceOf(GenerationBehind);
        expect([await legsOf(animals), await animals.checkpoint()]).toEqual([4, at(7)]);
      });

      it('that was half built is gone when the store is opened again', async () => {
        await commit([leo], 7);
        await built(3, 8);
        animals = (await fixture.reopen()).open<Animal>(animalsSpec());
        expect([await legsOf(animals), await animals.checkpoint()]).toEqual([4, at(7)]);
        expect(await legsOf(await animals.startGeneration())).toBeUndefined();
      });

      it('that was dropped, or replaced by another one, or serves, takes nothing any more', async () => {
        await commit([leo], 7);
        const first = await built(1, 8);
        await first.drop();
        await first.drop();
        const second = await built(2, 8);
        const third = await built(3, 8);
        await third.serve();
        for (const generation of [first, second, third]) {
          await expect(generation.commit([], at(9))).rejects.toBeInstanceOf(GenerationGone);
          await expect(generation.serve()).rejects.toBeInstanceOf(GenerationGone);
          await generation.drop();
        }
        expect([await legsOf(animals), await animals.checkpoint()]).toEqual([3, at(8)]);
      });

      it('is empty again when cleared', async () => {
        const generation = await built(3, 8);
        await generation.clear();
        expect([await generation.get('leo'), await generation.checkpoint()]).toEqual([undefined, undefined]);
        await generation.commit([{ id: 'leo', doc: leo, position: at(5) }], at(5));
        await generation.serve();
        expect(await legsOf(animals)).toBe(4);
      });

      it('goes on with the cursors of the one before', async () => {
        const docs = ['a', 'b', 'c', 'd'].map((id): Animal => ({ ...leo, id }));
        await commit(docs, 1);
        const query: Query<Animal> = { index: 'byKindAndLegs', where: { kind: 'lion' }, limit: 2, audience: 'tenant-1' };
        const { next } = await animals.query(query);
        const generation = await animals.startGeneration();
        await generation.commit(
          docs.map((doc) => ({ id: doc.id, doc, position: at(1) })),
          at(1),
        );
        await generation.serve();
        expect(ids(await animals.query({ ...query, cursor: next! }))).toEqual(['c', 'd']);
      });
    });

    describe('a value', () => {
      it('is there after the store was opened again; the last one counts', async () => {
        expect(await fixture.store.getValue('consumer/a:1')).toBeUndefined();
        await fixture.store.putValues({ 'consumer/a:1': { revision: 1 }, 'consumer/b.2_x': null });
        await fixture.store.putValues({ 'consumer/a:1': { revision: 2 } });
        const again = await fixture.reopen();
        expect(await again.getValue('consumer/a:1')).toEqual({ revision: 2 });
        expect(await again.getValue('consumer/b.2_x')).toBeNull();
      });

      it('has a key of plain characters', async () => {
        for (const key of ['', 'A', 'a b', 'ü'])
          await expect(fixture.store.putValues({ [key]: 1 })).rejects.toBeInstanceOf(RangeError);
      });
    });

    describe('a claim', () => {
      it('is had by one of all who claim the key, and by nobody else after the store was opened again', async () => {
        const claims = await Promise.all(Array.from({ length: 20 }, () => fixture.store.claim('nonce/a:1', 60_000)));
        expect(claims.filter((had) => had)).toHaveLength(1);
        const again = await fixture.reopen();
        expect(await again.claim('nonce/a:1', 60_000)).toBe(false);
        expect(await again.claim('nonce/a:2', 60_000)).toBe(true);
      });

      it('can be had again when its time is over', async () => {
        expect(await fixture.store.claim('nonce/a:1', 1)).toBe(true);
        while (!(await fixture.store.claim('nonce/a:1', 60_000))) await nextTurn();
        expect(await fixture.store.claim('nonce/a:1', 60_000)).toBe(false);
      });

      it('has a key of plain characters', async () => {
        for (const key of ['', 'A', 'a b', 'ü']) await expect(fixture.store.claim(key, 1000)).rejects.toBeInstanceOf(RangeError);
      });
    });
  });
}
