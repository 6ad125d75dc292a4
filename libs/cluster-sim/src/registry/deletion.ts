import { forbidden } from '../objects/api-error';
import { type Namespace } from '../objects/cluster-objects';
import { type KubeObject, timestamp } from '../objects/kube-object';
import { type Resource, resourceOfKind } from '../objects/resources';
import { type Pod } from '../objects/workloads';
import { type Registry } from './registry';

export type Propagation = 'Background' | 'Foreground' | 'Orphan';

export interface DeleteOptions {
  readonly propagation?: Propagation | undefined;
  readonly gracePeriodSeconds?: number | undefined;
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string } | undefined;
  readonly dryRun?: boolean | undefined;
}

export const FOREGROUND_FINALIZER = 'foregroundDeletion';

const PERMANENT_NAMESPACES = ['default', 'kube-system', 'kube-public', 'kube-node-lease'];

/**
 * Deletes an object as the API does: at once, or, where finalizers, a grace period or the content of a namespace stand in
 * the way, by marking it. Dependents are left to the garbage collector, but for `Orphan`, which lets them go here.
 *
 * @returns the object as it is now, and whether it is gone
 * @throws ApiError 404, 403 (namespaces of the system), 409 (preconditions)
 */
export const deleteObject = (
  registry: Registry,
  resource: Resource,
  namespace: string | undefined,
  name: string,
  options: DeleteOptions = {},
): { object: KubeObject; gone: boolean } => {
  const object = registry.read(resource, namespace, name);
  registry.checkPreconditions(resource, object, options.preconditions ?? {});
  if (resource.kind === 'Namespace' && PERMANENT_NAMESPACES.includes(name)) {
    throw forbidden(resource, name, 'this namespace may not be deleted');
  }
  if (options.dryRun) return { object, gone: false };
  if (options.propagation === 'Orphan') releaseDependents(registry, object);

  const grace = gracePeriod(resource, object, options.gracePeriodSeconds);
  const foreground = options.propagation === 'Foreground' && registry.store.ownedBy(object.metadata.uid).length > 0;
  if (grace === 0 && !foreground && !isHeld(object)) {
    return { object: registry.store.remove(resource, object) ?? object, gone: true };
  }
  const marked = registry.amend(resource, object, (draft) => mark(draft, grace, foreground, registry.now()));
  const removed = registry.finishDeletion(resource, marked);
  return removed ? { object: removed, gone: true } : { object: marked, gone: false };
};

/** By finalizers, or by the content that a namespace has to be rid of first. */
const isHeld = ({ metadata, kind, spec }: KubeObject): boolean =>
  (metadata.finalizers ?? []).length > 0 || (kind === 'Namespace' && ((spec as Namespace['spec']).finalizers ?? []).length > 0);

const mark = (draft: KubeObject, grace: number, foreground: boolean, now: number): void => {
  const { metadata } = draft;
  metadata.deletionTimestamp ??= timestamp(now + grace * 1000);
  metadata.deletionGracePeriodSeconds = Math.min(metadata.deletionGracePeriodSeconds ?? grace, grace);
  if (foreground && !metadata.finalizers?.includes(FOREGROUND_FINALIZER)) {
    metadata.finalizers = [...(metadata.finalizers ?? []), FOREGROUND_FINALIZER];
  }
  if (draft.kind === 'Namespace') (draft as Namespace).status = { ...(draft as Namespace).status, phase: 'Terminating' };
};

/** Only pods that run on a host terminate gracefully; in seconds. */
const gracePeriod = (resource: Resource, object: KubeObject, asked: number | undefined): number => {
  if (resource.kind !== 'Pod') return 0;
  const { spec, status } = object as Pod;
  if (!spec.nodeName || ['Succeeded', 'Failed'].includes(status.phase)) return 0;
  return Math.max(0, asked ?? spec.terminationGracePeriodSeconds ?? 30);
};

const releaseDependents = (registry: Registry, owner: KubeObject): void => {
  for (const dependent of registry.store.ownedBy(owner.metadata.uid)) {
    const resource = resourceOfKind(dependent.apiVersion, dependent.kind);
    if (!resource) continue;
    registry.amend(resource, dependent, (draft) => {
      draft.metadata.ownerReferences = draft.metadata.ownerReferences?.filter(({ uid }) => uid !== owner.metadata.uid);
    });
  }
};
