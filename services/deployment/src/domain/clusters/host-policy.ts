import type { HostPath, HostPathType } from '@souk/topology';

/** This path of the hosts may be mounted; what lies below it, too, where nobody may write. */
export interface HostPathGrant {
  readonly path: string;
  /** Mounts that can write are not covered. */
  readonly readOnly: boolean;
}

/** What workloads may ask of the hosts of a cluster: nothing, but for what its owner has granted. */
export interface HostPolicy {
  readonly hostNetwork: boolean;
  readonly hostPaths: readonly HostPathGrant[];
  /** Device files, each by its exact path. */
  readonly devices: readonly string[];
  /** Containers that may do what root of the host may do: without that, a device file reaches nobody. */
  readonly privileged?: boolean;
}

/** One thing that an owner grants, and a fact of its own. */
export type HostGrant =
  | { readonly kind: 'host-network' }
  | { readonly kind: 'privileged' }
  | ({ readonly kind: 'host-path' } & HostPathGrant)
  | { readonly kind: 'device'; readonly path: string };

export const noHostAccess: HostPolicy = { hostNetwork: false, hostPaths: [], devices: [], privileged: false };

export function grantsOf({ hostNetwork, hostPaths, devices, privileged }: HostPolicy): HostGrant[] {
  return [
    ...(hostNetwork ? [{ kind: 'host-network' } as const] : []),
    ...hostPaths.map(({ path, readOnly }) => ({ kind: 'host-path', path: tidy(path), readOnly }) as const),
    ...devices.map((path) => ({ kind: 'device', path: tidy(path) }) as const),
    ...(privileged ? [{ kind: 'privileged' } as const] : []),
  ];
}

export function granted(policy: HostPolicy, grant: HostGrant): HostPolicy {
  const { hostPaths, devices } = without(policy, grant);
  switch (grant.kind) {
    case 'host-network':
      return { ...policy, hostNetwork: true };
    case 'privileged':
      return { ...policy, privileged: true };
    case 'host-path':
      return { ...policy, hostPaths: [...hostPaths, { path: grant.path, readOnly: grant.readOnly }] };
    case 'device':
      return { ...policy, devices: [...devices, grant.path] };
  }
}

export function without(policy: HostPolicy, grant: HostGrant): HostPolicy {
  switch (grant.kind) {
    case 'host-network':
      return { ...policy, hostNetwork: false };
    case 'privileged':
      return { ...policy, privileged: false };
    case 'host-path':
      return { ...policy, hostPaths: policy.hostPaths.filter((known) => !isSame({ kind: 'host-path', ...known }, grant)) };
    case 'device':
      return { ...policy, devices: policy.devices.filter((path) => path !== grant.path) };
  }
}

/** What is to be granted and withdrawn, so that exactly `after` is allowed. */
export function changesBetween(before: HostPolicy, after: HostPolicy): { granted: HostGrant[]; withdrawn: HostGrant[] } {
  const [had, has] = [grantsOf(before), grantsOf(after)];
  const missingIn = (grants: readonly HostGrant[]) => (grant: HostGrant) => !grants.some((known) => isSame(known, grant));
  const unique = has.filter((grant, i) => has.findIndex((other) => isSame(other, grant)) === i);
  return { granted: unique.filter(missingIn(had)), withdrawn: had.filter(missingIn(has)) };
}

/**
 * Why this part of the hosts may not be mounted, in words; `undefined` where it may. What holds the host, its other containers or its
 * devices is allowed by a grant of exactly that path only. Below what somebody may write nothing is: a link that is made there leads
 * anywhere, and the host follows it.
 */
export function refusalOf({ hostPath, type, readOnly = false }: HostPath, policy: HostPolicy): string | undefined {
  const path = tidy(hostPath);
  if (!isPlain(hostPath)) return `"${hostPath}" is not the plain absolute path of what it leads to`;
  if (path === '/dev') return `"/dev" holds all devices of the host: those that are meant are granted one by one`;
  if (isDevice(type) || isAtOrBelow(path, '/dev')) return deviceRefusalOf(path, type, policy);
  const above = policy.hostPaths.find((grant) => !grant.readOnly && grant.path !== path && isAtOrBelow(path, grant.path));
  if (above)
    return `"${path}" lies below "${above.path}", which is granted for writing: links there may lead anywhere; it is not granted`;
  const exactly = isDangerous(path);
  const covering = policy.hostPaths.filter(
    (grant) => grant.path === path || (!exactly && grant.readOnly && !isDangerous(grant.path) && isAtOrBelow(path, grant.path)),
  );
  if (covering.length === 0)
    return exactly ? `"${path}" gives power over the host, and is not granted by its exact path` : `"${path}" is not granted`;
  return readOnly || covering.some((grant) => !grant.readOnly) ? undefined : `"${path}" is granted for reading only`;
}

/** What the host keeps from containers that are not privileged, whatever is mounted. */
export const isDevice = (type: HostPathType): boolean => type === 'CharDevice' || type === 'BlockDevice';

function deviceRefusalOf(path: string, type: HostPathType, { devices, privileged }: HostPolicy): string | undefined {
  if (!devices.includes(path)) return `device file "${path}" is not granted`;
  if (!isDevice(type) || privileged) return undefined;
  return `device file "${path}" makes its container privileged, root on the host: "privileged" is not granted`;
}

/** Absolute, without empty segments, `.` and `..`: what a grant is compared with is what is mounted. */
export function isPlain(path: string): boolean {
  const [root, ...segments] = tidy(path).split('/');
  if (root !== '') return false;
  return path === '/' || tidy(path) === '/' || segments.every((segment) => segment !== '' && segment !== '.' && segment !== '..');
}

/** It is, holds, or lies in something that the host or its other containers are run by. */
export function isDangerous(path: string): boolean {
  return libraries.test(path) || dangerous.some((known) => isAtOrBelow(path, known) || isAtOrBelow(known, path));
}

/** What is run, and what is kept of it: whatever lies there now or with the next version of some runtime. */
const dangerous: readonly string[] = [
  ...['/boot', '/dev', '/etc', '/proc', '/root', '/sys', '/bin', '/sbin', '/lib', '/usr', '/home', '/snap', '/opt/cni'],
  ...['/run', '/var/run', '/var/lib', '/var/spool', '/var/snap', '/var/log/pods', '/var/log/containers'],
];
/** `/lib64`, `/libx32`, … */
const libraries = /^\/lib[^/]*(?:\/|$)/;

const tidy = (path: string): string => (path === '/' ? path : path.replace(/\/$/, ''));

function isAtOrBelow(path: string, folder: string): boolean {
  return folder === '/' || path === folder || path.startsWith(`${folder}/`);
}

function isSame(a: HostGrant, b: HostGrant): boolean {
  if (a.kind !== b.kind) return false;
  if (!('path' in a && 'path' in b)) return true;
  if (a.path !== b.path) return false;
  return !('readOnly' in a && 'readOnly' in b) || a.readOnly === b.readOnly;
}
