import type { CollectionSpec, IndexedValue } from '@souk/event-sourcing';
import type { Query } from '@souk/read-store';
import * as fc from 'fast-check';

/** Documents that the contract suite works with: one field of each kind. */
export interface Animal {
  readonly id: string;
  readonly kind: string;
  readonly legs?: IndexedValue | undefined;
  readonly tags: readonly string[];
  readonly home?: { readonly country: string };
}

export function animalsSpec(): CollectionSpec {
  return {
    name: 'animals',
    version: 1,
    indexes: {
      byKind: ['kind'],
      byLegs: ['legs'],
      byKindAndLegs: ['kind', 'legs'],
      byTag: ['tags', 'legs'],
      byCountry: ['home.country', 'kind'],
    },
  };
}

const kind = fc.constantFrom('lion', 'tiger', 'l', '狮');
const legs = fc.oneof(
  fc.constantFrom(null, undefined, true, false),
  fc.integer({ min: -2, max: 4 }),
  fc.constantFrom('', 'two', 'twò'),
);
const tag = fc.constantFrom('wild', 'cat', 'big');
const country = fc.constantFrom('ke', 'in');

const animal: fc.Arbitrary<Omit<Animal, 'id'>> = fc.record(
  { kind, legs, tags: fc.array(tag, { maxLength: 4 }), home: fc.record({ country }) },
  { requiredKeys: ['kind', 'tags'] },
);

/** Batches of changes by id; `undefined` deletes. */
export const documentChanges = fc.array(
  fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c', 'aa', 'ab', 'é', '\0'), fc.option(animal, { nil: undefined, freq: 4 })), {
    maxLength: 6,
  }),
  { maxLength: 5 },
);

const definedLegs = legs.map((one) => one ?? null);
const range = fc.record({ from: definedLegs, to: definedLegs }, { requiredKeys: [] });

/** Queries that an index covers. */
export const queries: fc.Arbitrary<Query<Animal>> = fc
  .record({
    asked: fc.oneof(
      fc.record({ index: fc.constant('byLegs'), range }, { requiredKeys: ['index'] }),
      fc.record({ index: fc.constant('byKindAndLegs'), where: fc.record({ kind }), range }, { requiredKeys: ['index', 'where'] }),
      fc.record({ index: fc.constant('byKindAndLegs'), where: fc.record({ kind, legs: definedLegs }) }),
      fc.record({ index: fc.constant('byTag'), where: fc.record({ tags: tag }), range }, { requiredKeys: ['index', 'where'] }),
      fc.record(
        { index: fc.constant('byTag'), range: fc.record({ from: tag, to: tag }, { requiredKeys: [] }) },
        { requiredKeys: ['index'] },
      ),
      fc.record({ index: fc.constant('byCountry'), where: fc.record({ 'home.country': fc.oneof(country, fc.constant(null)) }) }),
    ),
    order: fc.constantFrom('ascending' as const, 'descending' as const),
    limit: fc.integer({ min: 1, max: 8 }),
    filter: fc.option(
      fc.constant((one: Animal) => one.kind.length > 2),
      { nil: undefined },
    ),
  })
  .map(({ asked, filter, ...rest }) => ({ ...(asked as Query<Animal>), ...rest, ...(filter && { filter }) }));

/** Queries for documents with a tag in each of several ranges. */
export const queriesOfRanges = fc.record({
  index: fc.constant('byTag'),
  ranges: fc.array(fc.record({ from: tag, to: tag }, { requiredKeys: [] }), { minLength: 1, maxLength: 4 }),
  order: fc.constantFrom('ascending' as const, 'descending' as const),
  limit: fc.integer({ min: 1, max: 8 }),
});

/** What a query has to answer, worked out the slow way: ids in order. */
export function entriesInOrder(
  docs: readonly Animal[],
  { index, where = {}, range: within, order, filter }: Query<Animal>,
): string[] {
  const fields = animalsSpec().indexes[index]!;
  const rangeField = Object.keys(where).length;
  const entries = docs
    .flatMap((doc) => valuesOf(doc, fields).map((values) => ({ doc, values })))
    .filter(({ values }) => fields.every((field, n) => !(field in where) || compareIndexed(values[n]!, where[field]!) === 0))
    .filter(({ values }) => within?.from === undefined || compareIndexed(values[rangeField]!, within.from) >= 0)
    .filter(({ values }) => within?.to === undefined || compareIndexed(values[rangeField]!, within.to) < 0)
    .sort((a, b) => compareEntries([...a.values, a.doc.id], [...b.values, b.doc.id]));
  if (order === 'descending') entries.reverse();
  return [...new Set(entries.filter(({ doc }) => !filter || filter(doc)).map(({ doc }) => doc.id))];
}

/** The order of indexed values: null < false < true < numbers < text by code point. */
export function compareIndexed(a: IndexedValue, b: IndexedValue): number {
  const rank = (value: IndexedValue): number => ['object', 'boolean', 'number', 'string'].indexOf(typeof value);
  if (rank(a) !== rank(b)) return rank(a) - rank(b);
  if (typeof a === 'string' && typeof b === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b));
  return Number(a) - Number(b);
}

function compareEntries(a: readonly IndexedValue[], b: readonly IndexedValue[]): number {
  for (let i = 0; i < a.length; i++) {
    const order = compareIndexed(a[i]!, b[i]!);
    if (order !== 0) return order;
  }
  return 0;
}

function valuesOf(doc: Animal, fields: readonly string[]): IndexedValue[][] {
  const columns = fields.map((field): readonly IndexedValue[] => {
    if (field === 'tags') return doc.tags;
    if (field === 'home.country') return [doc.home?.country ?? null];
    return [(field === 'kind' ? doc.kind : doc.legs) ?? null];
  });
  return columns.reduce<IndexedValue[][]>((rows, column) => rows.flatMap((row) => column.map((value) => [...row, value])), [[]]);
}
