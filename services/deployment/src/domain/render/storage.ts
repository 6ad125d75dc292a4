import { formatMemory, parseMemory, type ResolvedProcess } from '@souk/topology';
import type { ClusterObject } from '../cluster-object';
import { type Owner, rendered, type RenderedObject } from './rendered';

/** Name of the one claim of an instance: its own directory on the cluster's NAS, in which every identifier is a directory (F29). */
export const STORAGE_CLAIM = 'souk-storage';

const DEFAULT_SIZE = '1Gi';

/** A node wants storage, and the cluster has no network file system. Found before anything is deployed. */
export class StorageWithoutNas extends Error {
  readonly code = 'storage-without-nas';
  constructor(readonly node: string) {
    super(`node "${node}" wants storage, and the cluster was registered without a network file system`);
    this.name = new.target.name;
  }
}

/**
 * Nothing where no node wants storage. One claim for all identifiers, so that what nodes share is one directory, and what a version no longer
 * mounts is still there when another one does.
 * @throws StorageWithoutNas
 */
export function renderStorage(
  owner: Owner,
  nodes: readonly ResolvedProcess[],
  nas: { readonly storageClass: string } | undefined,
): RenderedObject[] {
  const node = nodes.find(({ storage }) => storage !== undefined && storage.length > 0);
  if (!node) return [];
  if (!nas) throw new StorageWithoutNas(node.serviceName);
  const spec = {
    accessModes: ['ReadWriteMany'],
    storageClassName: nas.storageClass,
    resources: { requests: { storage: formatMemory(storageSizeOf(nodes)) } },
  };
  return [rendered(owner, { apiVersion: 'v1', kind: 'PersistentVolumeClaim', name: STORAGE_CLAIM }, { spec })];
}

/** Bytes: every identifier once, by the largest size that is asked for it. */
export function storageSizeOf(nodes: readonly ResolvedProcess[]): number {
  const sizes = new Map<string, number>();
  for (const { identifier, size = DEFAULT_SIZE } of nodes.flatMap(({ storage = [] }) => storage))
    sizes.set(identifier, Math.max(sizes.get(identifier) ?? 0, parseMemory(size)));
  return [...sizes.values()].reduce((sum, size) => sum + size, 0);
}

/**
 * A claim never shrinks, and stays in its storage class: Kubernetes refuses both, and neither a way back to a version that asks for less nor
 * another class for new instances may make an operation fail. Other objects are as they are.
 */
export function asClaimed(wanted: ClusterObject, seen: ClusterObject | undefined): ClusterObject {
  if (wanted.kind !== 'PersistentVolumeClaim' || !seen) return wanted;
  const claim = wanted as Claim;
  const { storageClassName = claim.spec?.storageClassName, resources } = (seen as Claim).spec ?? {};
  const had = resources?.requests?.storage;
  const asked = claim.spec?.resources?.requests?.storage;
  const isLess = had !== undefined && asked !== undefined && parseMemory(had) > parseMemory(asked);
  const spec: Claim['spec'] = { ...claim.spec, ...(isLess && { resources: { requests: { storage: had } } }) };
  return { ...claim, spec: storageClassName === undefined ? spec : { ...spec, storageClassName } };
}

interface Claim extends ClusterObject {
  readonly spec?: {
    readonly storageClassName?: string;
    readonly resources?: { readonly requests?: { readonly storage?: string } };
  };
}
