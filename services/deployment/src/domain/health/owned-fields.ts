/**
 * Fields of an object that one manager owns, as Kubernetes writes them (`FieldsV1`): `f:spec` → `f:replicas` → nothing. Whoever changes the
 * value of a field takes it over, so a field that somebody else has changed is ours no more; what the cluster fills in was never ours.
 */
export interface OwnedFields {
  readonly [part: string]: OwnedFields;
}

/** What names an object, and what the cluster alone writes: nobody owns it. */
const ofNobody: ReadonlySet<string> = new Set(['apiVersion', 'kind']);
const ofNobodyInMetadata: ReadonlySet<string> = new Set(['name', 'namespace']);
const NONE: ReadonlySet<string> = new Set();

/**
 * Paths of what is said here and is not ours (any more). Values are not compared: the cluster writes some in its own way (`1000m` as `1`),
 * and those of secrets are not known here.
 *
 *     { spec: { replicas: 2, ports: [{ port: 80 }] } }    f:spec: { f:ports: { k:{"port":80}: { f:port } } }    gives    spec.replicas
 */
export function lostFields(said: object, owned: OwnedFields): string[] {
  const lost: string[] = [];
  collect(said, owned, '', lost);
  return lost;
}

function collect(said: object, owned: OwnedFields, at: string, lost: string[]): void {
  const unowned = at === '' ? ofNobody : at === 'metadata' ? ofNobodyInMetadata : NONE;
  for (const [field, value] of Object.entries(said) as [string, unknown][]) {
    if (value === undefined || unowned.has(field)) continue;
    const path = at === '' ? field : `${at}.${field}`;
    const part = `f:${field}`;
    if (Object.hasOwn(owned, part)) collectBelow(value, owned[part]!, path, lost);
    else lost.push(path);
  }
}

function collectBelow(value: unknown, owned: OwnedFields, path: string, lost: string[]): void {
  // It is owned as a whole.
  if (typeof value !== 'object' || value === null || Object.keys(owned).length === 0) return;
  if (!Array.isArray(value)) {
    collect(value, owned, path, lost);
    return;
  }
  for (const item of value as unknown[]) {
    const part = partOf(item, owned);
    const itemPath = `${path}[${nameOf(item)}]`;
    if (part === undefined) lost.push(itemPath);
    else collectBelow(item, owned[part]!, itemPath, lost);
  }
}

/** Items of a list are known by some of their fields, `k:{"name":"web"}`, or by themselves, `v:"web"`. */
function partOf(item: unknown, owned: OwnedFields): string | undefined {
  if (typeof item !== 'object' || item === null) {
    const itself = `v:${JSON.stringify(item)}`;
    return Object.hasOwn(owned, itself) ? itself : undefined;
  }
  return keysOf(owned).find(({ fields }) => fields.every(([field, value]) => fieldOf(item, field) === value))?.part;
}

interface ItemKey {
  readonly part: string;
  readonly fields: readonly (readonly [string, unknown])[];
}

/** Instances of one app own the same fields, which are kept once: their keys are parsed once. */
const known = new WeakMap<OwnedFields, readonly ItemKey[]>();

function keysOf(owned: OwnedFields): readonly ItemKey[] {
  const before = known.get(owned);
  if (before) return before;
  const parts = Object.keys(owned).filter((part) => part.startsWith('k:'));
  const keys = parts.map((part) => ({
    part,
    fields: Object.entries(JSON.parse(part.slice(2)) as object) as [string, unknown][],
  }));
  known.set(owned, keys);
  return keys;
}

const fieldOf = (item: object, field: string): unknown => (item as Readonly<Record<string, unknown>>)[field];

function nameOf(item: unknown): string {
  if (typeof item !== 'object' || item === null) return String(item);
  const { name, port, containerPort, mountPath } = item as Readonly<Record<string, string | number | undefined>>;
  return String(name ?? port ?? containerPort ?? mountPath ?? '');
}
