/** Longest name that is passed on; those of the specification are shorter. */
const MAX_NAME = 512;

/** The names in an answer of `tags/list` or `_catalog`; `undefined` where it is none. An empty list may be `null`. */
export function namesOf(body: Buffer, field: 'tags' | 'repositories'): readonly string[] | undefined {
  let names: unknown;
  try {
    names = (JSON.parse(body.toString('utf8')) as Record<string, unknown> | null)?.[field];
  } catch {
    return undefined;
  }
  if (names === null) return [];
  if (!Array.isArray(names)) return undefined;
  return names.filter((name): name is string => typeof name === 'string' && name.length <= MAX_NAME);
}

/**
 * The query of the next page, which registries put in a Link header (RFC 8288). Where the link leads to is of no interest: only the same
 * list is asked again.
 *
 *     </v2/library/nginx/tags/list?last=1.27&n=100>; rel="next"     gives   last=1.27&n=100
 */
export function nextQuery(header: string | string[] | undefined): string | undefined {
  const text = String(header ?? '');
  if (text.length > MAX_HEADER) return undefined;
  const link = /<([^>]*)>\s*;[^,]*\brel="?next"?/i.exec(text)?.[1];
  if (link === undefined || link.length > MAX_LINK) return undefined;
  const query = link.split('?', 2)[1];
  if (query === undefined) return undefined;
  const parameters = new URLSearchParams(query);
  parameters.delete('ns');
  return parameters.toString() || undefined;
}

const MAX_LINK = 1024;
const MAX_HEADER = 2048;
