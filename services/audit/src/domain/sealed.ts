/** What stands where a personal field is sealed. */
export const SEALED = '(sealed)';

export function withoutSealed(value: unknown): unknown {
  return value;
}
