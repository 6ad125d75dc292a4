const MAX_LABEL = 63;

/**
 * Names that Kubernetes takes (RFC 1035) for names of any kind, each once: the name itself where it is such a label, else the nearest one.
 *
 *     my_db → my-db,   1st → s-1st,   My_DB beside my_db → my-db-2
 */
export function labelsFor(names: Iterable<string>): ReadonlyMap<string, string> {
  const all = [...names];
  const taken = new Set(all.filter(isLabel));
  return new Map(all.map((name) => [name, isLabel(name) ? name : free(nearest(name), taken)]));
}

function isLabel(name: string): boolean {
  return /^[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(name);
}

function nearest(name: string): string {
  const plain = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '');
  const label = /^[a-z]/.test(plain) ? plain : `s-${plain}`;
  return label.slice(0, MAX_LABEL).replace(/-$/, '');
}

function free(label: string, taken: Set<string>): string {
  let candidate = label;
  for (let n = 2; taken.has(candidate); n++) candidate = `${label.slice(0, MAX_LABEL - 1 - String(n).length)}-${n}`;
  taken.add(candidate);
  return candidate;
}
