import type { Platform } from '@souk/contracts';
import type { Problem } from '@souk/event-sourcing';
import type { HostCapacity } from './capacity';

/** What an owner says of a cluster, and what is to be found true. */
export interface ClusterClaims {
  readonly platforms: readonly Platform[];
  readonly nas?: { readonly storageClass: string };
}

/** What a cluster answered to being asked. */
export interface ClusterFindings {
  /** As `GET /version` tells it. */
  readonly version: { readonly major: string; readonly minor: string; readonly gitVersion: string };
  /** Calls that its credentials do not allow: `patch deployments.apps`. */
  readonly denied: readonly string[];
  /** Absent where listing them is not allowed. */
  readonly hosts?: readonly HostCapacity[];
  /** The one that was claimed, `null` where there is none of that name; absent where looking is not allowed. */
  readonly storageClass?: FoundStorageClass | null;
}

export interface FoundStorageClass {
  /** What becomes of volumes that nobody claims any more; Kubernetes deletes them unless told otherwise. */
  readonly reclaimPolicy?: string;
}

/** The oldest Kubernetes that is supported. */
export const OLDEST_MINOR = 28;

/** Everything that stands in the way of taking a cluster, at once. */
export function checkProblems({ platforms, nas }: ClusterClaims, findings: ClusterFindings): Problem[] {
  const { version, denied, hosts, storageClass } = findings;
  const problems: Problem[] = [];
  if (!isSupported(version))
    problems.push({
      code: 'version-too-old',
      pointer: '/connection',
      message: `it runs Kubernetes ${version.gitVersion}, and 1.${OLDEST_MINOR} or newer is needed`,
    });
  for (const call of denied)
    problems.push({ code: 'access-missing', pointer: '/connection', message: `its credentials do not allow to ${call}` });
  const usable = hosts?.filter(({ schedulable }) => schedulable);
  if (usable?.length === 0)
    problems.push({ code: 'no-usable-host', pointer: '/connection', message: 'it has no host that takes pods' });
  platforms.forEach((platform, i) => {
    if (!usable || usable.length === 0 || usable.some((host) => host.platform === platform)) return;
    const reported = [...new Set(usable.map((host) => host.platform))].sort().join(', ');
    problems.push({
      code: 'platform-missing',
      pointer: `/platforms/${i}`,
      message: `it has no host of platform ${platform}; its hosts report ${reported}`,
    });
  });
  if (nas && storageClass === null)
    problems.push({
      code: 'storage-class-missing',
      pointer: '/nas/storageClass',
      message: `it has no storage class "${nas.storageClass}"`,
    });
  return problems;
}

/** What an owner is to know of a cluster that is taken all the same. */
export function checkWarnings({ nas }: ClusterClaims, { storageClass }: ClusterFindings): Problem[] {
  if (!nas || storageClass?.reclaimPolicy !== 'Retain') return [];
  return [
    {
      code: 'storage-class-retains',
      pointer: '/nas/storageClass',
      message: `storage class "${nas.storageClass}" has the reclaim policy Retain: files of a deleted instance stay on the NAS until somebody removes them`,
    },
  ];
}

/** Vendors write minor versions such as `28+`. */
function isSupported({ major, minor }: ClusterFindings['version']): boolean {
  const [first, second] = [parseInt(major, 10), parseInt(minor, 10)];
  return first > 1 || (first === 1 && second >= OLDEST_MINOR);
}
