import { API_GROUPS, NAMESPACES, type Resource, resourceAt } from '../objects/resources';

/** What a path of the API points at. */
export type Target =
  | { readonly kind: 'versions' }
  | { readonly kind: 'groups' }
  | { readonly kind: 'group'; readonly group: string }
  | { readonly kind: 'resources'; readonly group: string; readonly version: string }
  | {
      readonly kind: 'objects';
      readonly resource: Resource;
      readonly namespace: string | undefined;
      readonly name: string | undefined;
      readonly subresource: string | undefined;
    };

/** Reads a path below `/api` or `/apis`; `undefined` where there is nothing. */
export const parsePath = (path: string): Target | undefined => {
  const parts = path.split('/').filter((part) => part !== '');
  const core = parts[0] === 'api';
  if (!core && parts[0] !== 'apis') return undefined;
  if (parts.length === 1) return { kind: core ? 'versions' : 'groups' };
  const group = core ? '' : parts[1]!;
  if (!core && !API_GROUPS.includes(group)) return undefined;
  const version = parts[core ? 1 : 2];
  if (version === undefined) return { kind: 'group', group };
  if (version !== 'v1') return undefined;
  const rest = parts.slice(core ? 2 : 3).map(decodeURIComponent);
  return rest.length === 0 ? { kind: 'resources', group, version } : objectsTarget(group, version, rest);
};

const objectsTarget = (group: string, version: string, rest: readonly string[]): Target | undefined => {
  const isNamespaced = rest[0] === 'namespaces' && rest.length > 2;
  const inNamespace = isNamespaced ? resourceAt(group, version, rest[2]!) : undefined;
  if (inNamespace?.namespaced) {
    return target(inNamespace, rest[1], rest.slice(3));
  }
  const resource = resourceAt(group, version, rest[0]!);
  if (!resource) return undefined;
  // `/api/v1/pods` lists all namespaces; `/api/v1/pods/x` is nothing.
  if (resource.namespaced && rest.length > 1) return undefined;
  if (resource === NAMESPACES && rest.length > 3) return undefined;
  return target(resource, undefined, rest.slice(1));
};

const target = (resource: Resource, namespace: string | undefined, rest: readonly string[]): Target | undefined =>
  rest.length > 2 ? undefined : { kind: 'objects', resource, namespace, name: rest[0], subresource: rest[1] };
