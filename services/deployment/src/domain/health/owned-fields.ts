/**
 * Fields of an object that one manager owns, as Kubernetes writes them (`FieldsV1`): `f:spec` → `f:replicas` → nothing. Whoever changes the
 * value of a field takes it over, so a field that somebody else has changed is ours no more; what the cluster fills in was never ours.
 */
export interface OwnedFields {
  readonly [part: string]: OwnedFields;
}

/** What names an object, and what the cluster alone writes: nobody owns it. */
const ofNobody: ReadonlySet<string> = new Set(['apiVersion', 'kind', 'metadata.name', 'metadata.namespace']);

/**
 * Paths of what is said here and is not ours (any more). Values are not compared: the cluster writes some in its own way (`1000m` as `1`),
 * and those of secrets are not known here.
 *
 *     { spec: { replicas: 2, ports: [{ port: 80 }] } }    f:spec: { f:ports: { k:{"port":80}: { f:port } } }    gives    spec.replicas
 */
export function lostFields(said: object, owned: OwnedFields, at = ''): string[] {
  return Object.entries(said).flatMap(([field, value]: [string, unknown]) => {
    const path = at === '' ? field : `${at}.${field}`;
    if (value === undefined || ofNobody.has(path)) return [];
    const part = `f:${field}`;
    return Object.hasOwn(owned, part) ? lostBelow(value, owned[part]!, path) : [path];
  });
}

function lostBelow(value: unknown, owned: OwnedFields, path: string): string[] {
  // It is owned as a whole.
  if (typeof value !== 'object' || value === null || Object.keys(owned).length === 0) return [];
  if (!Array.isArray(value)) return lostFields(value, owned, path);
  return value.flatMap((item: unknown) => {
    const part = partOf(item, owned);
    const itemPath = `${path}[${nameOf(item)}]`;
    return part === undefined ? [itemPath] : lostBelow(item, owned[part]!, itemPath);
  });
}

/** Items of a list are known by some of their fields, `k:{"name":"web"}`, or by themselves, `v:"web"`. */
function partOf(item: unknown, owned: OwnedFields): string | undefined {
  const itself = `v:${JSON.stringify(item)}`;
  if (Object.hasOwn(owned, itself)) return itself;
  return Object.keys(owned).find((part) => part.startsWith('k:') && isKeyOf(part.slice(2), item));
}

function isKeyOf(key: string, item: unknown): boolean {
  const fields = Object.entries(JSON.parse(key) as Record<string, unknown>);
  return fields.every(([field, value]) => (item as Record<string, unknown>)[field] === value);
}

function nameOf(item: unknown): string {
  if (typeof item !== 'object' || item === null) return String(item);
  const { name, port, containerPort, mountPath } = item as Readonly<Record<string, string | number | undefined>>;
  return String(name ?? port ?? containerPort ?? mountPath ?? '');
}
