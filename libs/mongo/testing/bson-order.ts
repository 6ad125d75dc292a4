import { Binary, type Document, ObjectId } from 'mongodb';

/**
 * The order of values in MongoDB without collation, of those kinds that are met here ("Comparison/Sort Order" of its manual): nothing and null,
 * numbers, text by its bytes in UTF-8, objects, arrays, binary, ids, booleans, times.
 */
export function compareValues(a: unknown, b: unknown): number {
  const [rankA, rankB] = [rankOf(a), rankOf(b)];
  if (rankA !== rankB) return rankA - rankB;
  if (typeof a === 'string' && typeof b === 'string') return compareText(a, b);
  if (a instanceof Binary && b instanceof Binary) return compareBinary(a, b);
  if (a instanceof ObjectId && b instanceof ObjectId) return compareText(a.toHexString(), b.toHexString());
  if (Array.isArray(a) && Array.isArray(b)) return compareLists(a, b);
  if (rankA === OBJECT) return compareLists(Object.entries(a as object).flat(), Object.entries(b as object).flat());
  return Number(a) - Number(b);
}

/** The value under a path with dots. */
export function valueAt(document: Document, path: string): unknown {
  let value: unknown = document;
  for (const name of path.split('.')) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Document)[name];
  }
  return value;
}

const OBJECT = 3;

function rankOf(value: unknown): number {
  if (value === undefined || value === null) return 0;
  if (typeof value === 'number' || typeof value === 'bigint') return 1;
  if (typeof value === 'string') return 2;
  if (typeof value === 'boolean') return 7;
  if (Array.isArray(value)) return 4;
  if (value instanceof Binary) return 5;
  if (value instanceof ObjectId) return 6;
  return value instanceof Date ? 8 : OBJECT;
}

/**
 * By code point, which is by bytes of UTF-8. JavaScript compares UTF-16 units, which is another order where there are characters beyond the
 * first 65,536: their units are smaller than some of what comes before them.
 */
function compareText(a: string, b: string): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const [unitA, unitB] = [a.charCodeAt(i), b.charCodeAt(i)];
    if (unitA !== unitB) return weightOf(unitA) - weightOf(unitB);
  }
  return a.length - b.length;
}

/** The two units of a character beyond weigh more than all others. */
function weightOf(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}

/** The shorter one first, whatever is in it. */
function compareBinary(a: Binary, b: Binary): number {
  return a.length() - b.length() || a.sub_type - b.sub_type || Buffer.compare(a.value(), b.value());
}

function compareLists(a: readonly unknown[], b: readonly unknown[]): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const order = compareValues(a[i], b[i]);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}
