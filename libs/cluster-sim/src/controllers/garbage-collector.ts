import { type KubeObject } from '../objects/kube-object';
import { type Resource, resourceOfKind } from '../objects/resources';
import { deleteObject, FOREGROUND_FINALIZER } from '../registry/deletion';
import { type Registry } from '../registry/registry';
import { type Change } from '../store/object-store';
import { type Controller } from './controller-loop';

/** Deletes what has lost its last owner, and holds back owners that are deleted in the foreground. Keys are uids. */
export class GarbageCollector implements Controller {
  readonly name = 'garbage-collector';

  constructor(private readonly registry: Registry) {}

  concerns({ type, object }: Change): readonly string[] {
    const { uid, ownerReferences = [], finalizers = [] } = object.metadata;
    const owners = ownerReferences.map((owner) => owner.uid);
    if (type === 'DELETED') return [...this.registry.store.ownedBy(uid).map(({ metadata }) => metadata.uid), ...owners];
    if (type === 'ADDED' && owners.length > 0) return [uid];
    return finalizers.includes(FOREGROUND_FINALIZER) ? [uid] : [];
  }

  reconcile(uid: string): undefined {
    const object = this.registry.store.byUid(uid);
    const resource = object && resourceOfKind(object.apiVersion, object.kind);
    if (!resource) return;
    if (object.metadata.finalizers?.includes(FOREGROUND_FINALIZER)) this.deleteForeground(resource, object);
    else this.collect(resource, object);
  }

  private collect(resource: Resource, object: KubeObject): void {
    const { ownerReferences = [], namespace, name, deletionTimestamp } = object.metadata;
    if (ownerReferences.length === 0 || deletionTimestamp) return;
    if (ownerReferences.some(({ uid }) => this.registry.store.byUid(uid))) return;
    deleteObject(this.registry, resource, namespace, name);
  }

  /** Dependents first; the owner goes when none is left that blocks it. */
  private deleteForeground(resource: Resource, owner: KubeObject): void {
    const blocking = this.registry.store.ownedBy(owner.metadata.uid);
    for (const dependent of blocking) {
      const kind = resourceOfKind(dependent.apiVersion, dependent.kind);
      const { deletionTimestamp, namespace, name } = dependent.metadata;
      if (kind && !deletionTimestamp) deleteObject(this.registry, kind, namespace, name, { propagation: 'Foreground' });
    }
    if (this.registry.store.ownedBy(owner.metadata.uid).some((each) => blocks(each, owner))) return;
    const released = this.registry.amend(resource, owner, (draft) => {
      draft.metadata.finalizers = draft.metadata.finalizers?.filter((each) => each !== FOREGROUND_FINALIZER);
    });
    this.registry.finishDeletion(resource, released);
  }
}

const blocks = ({ metadata }: KubeObject, owner: KubeObject): boolean =>
  metadata.ownerReferences?.some((each) => each.uid === owner.metadata.uid && each.blockOwnerDeletion) ?? false;
