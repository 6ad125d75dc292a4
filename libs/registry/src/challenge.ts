/** What a registry asks for before it answers (RFC 9110, 11.6.1; token authentication of the distribution project). */
export type Challenge =
  | { readonly scheme: 'basic' }
  | { readonly scheme: 'bearer'; readonly realm: string; readonly service?: string; readonly scope?: string };

/**
 * The first challenge that can be met; a bearer challenge without a realm can't.
 *
 *     Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:library/nginx:pull"
 *     Basic realm="Registry"
 */
export function challengeOf(header: string | undefined): Challenge | undefined {
  if (header === undefined || header.length > MAX_HEADER) return undefined;
  const bearer = /(?:^|,)\s*bearer\s+(.*)$/i.exec(header)?.[1];
  if (bearer !== undefined) {
    const { realm, service, scope } = parametersOf(bearer);
    if (realm !== undefined)
      return { scheme: 'bearer', realm, ...(service !== undefined && { service }), ...(scope !== undefined && { scope }) };
  }
  return /(?:^|,)\s*basic(?:\s|$)/i.test(header) ? { scheme: 'basic' } : undefined;
}

const MAX_HEADER = 4096;

/** `name="quoted, with commas"` or `name=token`. */
function parametersOf(text: string): Partial<Record<string, string>> {
  const parameters: Partial<Record<string, string>> = {};
  for (const [, name, quoted, plain] of text.matchAll(/(\w+)=(?:"([^"]*)"|([^\s,"]+))/g))
    parameters[name!.toLowerCase()] ??= quoted ?? plain ?? '';
  return parameters;
}
