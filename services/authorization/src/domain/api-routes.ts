import type { PlatformApi } from '@souk/contracts';

/** Finds the API that an operation belongs to; `undefined` for an operation that is nobody's. */
export type ApiRoutes = (method: string, path: string) => string | undefined;

/**
 * Paths are compared as they were sent: one that is written in another way (a trailing slash, an escaped letter) is another path, and
 * belongs to no API. A segment in braces matches one segment that is not empty.
 */
export function apiRoutes(apis: readonly PlatformApi[]): ApiRoutes {
  const exact = new Map<string, string>();
  const templates: { readonly method: string; readonly pattern: RegExp; readonly name: string }[] = [];
  for (const { method, path, name } of apis) {
    if (path.includes('{')) templates.push({ method, pattern: patternOf(path), name });
    else exact.set(`${method} ${path}`, name);
  }
  return (method, path) =>
    exact.get(`${method} ${path}`) ?? templates.find((one) => one.method === method && one.pattern.test(path))?.name;
}

function patternOf(template: string): RegExp {
  const segments = template
    .split('/')
    .map((segment) => (segment.startsWith('{') ? '[^/]+' : segment.replaceAll(/[^\w-]/g, '\\$&')));
  return new RegExp(`^${segments.join('/')}$`);
}
