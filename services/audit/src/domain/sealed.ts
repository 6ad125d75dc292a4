/** What is shown of a personal field. */
export const SEALED = '(sealed)';

/** Data as it lies in the store, with `(sealed)` for every personal field, which the event codec keeps as `{ $sealed, tenant }`. */
export function withoutSealed(data: object): object {
  if (!Object.values(data).some(isSealed)) return data;
  return Object.fromEntries(
    Object.entries(data).map(([field, value]: [string, unknown]) => [field, isSealed(value) ? SEALED : value]),
  );
}

function isSealed(value: unknown): boolean {
  return typeof value === 'object' && value !== null && '$sealed' in value;
}
