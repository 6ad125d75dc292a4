import type { CollectionSpec } from '@souk/event-sourcing';

const valueKey = /^[a-z0-9\-/:._]{1,500}$/;

/** @throws RangeError */
export function assertValueKeys(keys: readonly string[]): void {
  for (const key of keys)
    if (!valueKey.test(key)) throw new RangeError(`"${key}" is no key of a value: 1 to 500 characters of a-z 0-9 - / : . _`);
}

/** Whether documents made for the one can be read for the other. */
export function isSameSpec(
  a: Pick<CollectionSpec, 'version' | 'indexes'>,
  b: Pick<CollectionSpec, 'version' | 'indexes'>,
): boolean {
  return a.version === b.version && JSON.stringify(a.indexes) === JSON.stringify(b.indexes);
}
