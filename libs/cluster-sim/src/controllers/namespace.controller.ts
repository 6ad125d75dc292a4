import { keyOf } from '../objects/kube-object';
import { CONFIG_MAPS, EVENTS, NAMESPACES, PODS, RESOURCES, SERVICE_ACCOUNTS } from '../objects/resources';
import { deleteObject } from '../registry/deletion';
import { type Registry } from '../registry/registry';
import { type Change } from '../store/object-store';
import { type Controller } from './controller-loop';

/** Gives every namespace its default service account; empties a deleted one, and removes it when nothing is left in it. */
export class NamespaceController implements Controller {
  readonly name = 'namespace-controller';

  constructor(private readonly registry: Registry) {}

  concerns({ resource, type, object }: Change): readonly string[] {
    if (resource === NAMESPACES) return [keyOf(object)];
    const { namespace } = object.metadata;
    if (type !== 'DELETED' || namespace === undefined) return [];
    // Events come and go all the time, and only a namespace that is being emptied waits for that.
    return resource === EVENTS && !this.isGoing(namespace) ? [] : [namespace];
  }

  reconcile(name: string): undefined {
    const { store } = this.registry;
    const namespace = store.get(NAMESPACES, undefined, name);
    if (!namespace) return;
    if (!namespace.metadata.deletionTimestamp) {
      this.furnish(name);
      return;
    }
    if (!this.empty(name)) return;
    const finalized = this.registry.amend(NAMESPACES, namespace, (draft) => {
      draft.spec.finalizers = [];
    });
    this.registry.finishDeletion(NAMESPACES, finalized);
  }

  private isGoing(name: string): boolean {
    return this.registry.store.get(NAMESPACES, undefined, name)?.metadata.deletionTimestamp !== undefined;
  }

  private furnish(namespace: string): void {
    const { store } = this.registry;
    if (!store.get(SERVICE_ACCOUNTS, namespace, 'default')) {
      this.registry.createOwned(SERVICE_ACCOUNTS, namespace, { metadata: { name: 'default' } });
    }
    if (!store.get(CONFIG_MAPS, namespace, 'kube-root-ca.crt')) {
      this.registry.createOwned(CONFIG_MAPS, namespace, { metadata: { name: 'kube-root-ca.crt' }, data: { 'ca.crt': '' } });
    }
  }

  /** Owners before what they own, or they would put it back. @returns whether nothing is left */
  private empty(name: string): boolean {
    const kinds = RESOURCES.filter(({ namespaced }) => namespaced);
    for (const resource of [...kinds.filter((each) => each !== PODS), PODS]) {
      for (const { metadata } of this.registry.store.list(resource, name)) {
        if (!metadata.deletionTimestamp) deleteObject(this.registry, resource, name, metadata.name);
      }
    }
    return kinds.every((resource) => this.registry.store.list(resource, name).length === 0);
  }
}
