/** MongoDB takes 100 levels; some are around the document. */
const MAX_LEVELS = 90;

/** A value as it lies in MongoDB. */
export type PlainValue = { readonly plain: unknown } | { readonly json: string };

/**
 * A value of JSON for MongoDB: as it is, to be looked into with any tool, or as text where it would not come back as the same: with a name that
 * begins with `$` (drivers take some of them for references), a NUL (no name may have one), or more levels than MongoDB has.
 * @param json of the value; what JSON leaves out is not stored either
 */
export function plainValue(json: string): PlainValue {
  if (json.includes('"$') || json.includes('\\u0000')) return { json };
  const plain: unknown = JSON.parse(json);
  return isDeeper(plain, MAX_LEVELS) ? { json } : { plain };
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((one) => isDeeper(one, levels - 1));
}
