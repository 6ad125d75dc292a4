import type { HostPath } from '@souk/topology';

/** What lies below this path of the hosts may be mounted. */
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
}

/** One thing that an owner grants, and a fact of its own. */
export type HostGrant =
  | { readonly kind: 'host-network' }
  | ({ readonly kind: 'host-path' } & HostPathGrant)
  | { readonly kind: 'device'; readonly path: string };

export const noHostAccess: HostPolicy = { hostNetwork: false, hostPaths: [], devices: [] };

export function grantsOf({ hostNetwork, hostPaths, devices }: HostPolicy): HostGrant[] {
  return [
    ...(hostNetwork ? [{ kind: 'host-network' } as const] : []),
    ...hostPaths.map(({ path, readOnly }) => ({ kind: 'host-path', path: tidy(path), readOnly }) as const),
    ...devices.map((path) => ({ kind: 'device', path: tidy(path) }) as const),
  ];
}

export function granted(policy: HostPolicy, grant: HostGrant): HostPolicy {
  const { hostPaths, devices } = without(policy, grant);
  switch (grant.kind) {
    case 'host-network':
      return { ...policy, hostNetwork: true };
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
 * devices is allowed by a grant of exactly that path only.
 */
export function refusalOf(
  { hostPath, type, readOnly = false }: HostPath,
  { hostPaths, devices }: HostPolicy,
): string | undefined {
  const path = tidy(hostPath);
  if (!isPlain(hostPath)) return `"${hostPath}" is not the plain absolute path of what it leads to`;
  if (type === 'CharDevice' || type === 'BlockDevice' || isAtOrBelow(path, '/dev'))
    return devices.includes(path) ? undefined : `device file "${path}" is not granted`;
  const exactly = isDangerous(path);
  const covering = hostPaths.filter((grant) =>
    exactly ? grant.path === path : !isDangerous(grant.path) && isAtOrBelow(path, grant.path),
  );
  if (covering.length === 0)
    return exactly ? `"${path}" gives power over the host, and is not granted by its exact path` : `"${path}" is not granted`;
  return readOnly || covering.some((grant) => !grant.readOnly) ? undefined : `"${path}" is granted for reading only`;
}

/** Absolute, without empty segments, `.` and `..`: what a grant is compared with is what is mounted. */
export function isPlain(path: string): boolean {
  const [root, ...segments] = tidy(path).split('/');
  if (root !== '') return false;
  return path === '/' || tidy(path) === '/' || segments.every((segment) => segment !== '' && segment !== '.' && segment !== '..');
}

/** It is, holds, or lies in something that the host or its other containers are run by. */
export function isDangerous(path: string): boolean {
  return dangerous.some((known) => isAtOrBelow(path, known) || isAtOrBelow(known, path));
}

/** `/run` and `/var/run` are one folder on most hosts. */
const dangerous: readonly string[] = [
  ...['/boot', '/dev', '/etc', '/proc', '/root', '/sys'],
  ...['/bin', '/sbin', '/lib', '/lib64', '/usr'],
  ...['docker.sock', 'containerd', 'crio', 'cri-dockerd.sock', 'podman', 'dbus', 'systemd', 'k3s', 'secrets'].flatMap((name) => [
    `/run/${name}`,
    `/var/run/${name}`,
  ]),
  ...['containerd', 'docker', 'containers', 'cni', 'etcd', 'kubelet', 'rancher', 'k0s', 'crio'].map((name) => `/var/lib/${name}`),
  ...['/var/log/pods', '/var/log/containers', '/opt/cni', '/home'],
];

const tidy = (path: string): string => (path === '/' ? path : path.replace(/\/$/, ''));

function isAtOrBelow(path: string, folder: string): boolean {
  return folder === '/' || path === folder || path.startsWith(`${folder}/`);
}

function isSame(a: HostGrant, b: HostGrant): boolean {
  if (a.kind === 'host-network' || b.kind === 'host-network') return a.kind === b.kind;
  if (a.kind !== b.kind || a.path !== b.path) return false;
  return !('readOnly' in a && 'readOnly' in b) || a.readOnly === b.readOnly;
}
