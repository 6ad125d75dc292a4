/** One reference token of a JSON pointer, escaped after RFC 6901. */
export function pointerSegment(key: string | number): string {
  return String(key).replaceAll('~', '~0').replaceAll('/', '~1');
}

/** A JSON pointer from its reference tokens: `['nodes', 2, 'env', 'A/B']` → `/nodes/2/env/A~1B`. */
export function jsonPointer(...keys: readonly (string | number)[]): string {
  return keys.map((key) => `/${pointerSegment(key)}`).join('');
}
