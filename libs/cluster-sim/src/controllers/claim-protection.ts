import { claimsOf } from '../kubelet/references';
import { keyOf } from '../objects/kube-object';
import { PERSISTENT_VOLUME_CLAIMS, PODS } from '../objects/resources';
import { type Pod } from '../objects/workloads';
import { type Registry } from '../registry/registry';
import { CLAIM_PROTECTION } from '../registry/storage-admission';
import { type Change } from '../store/object-store';
import { type Controller } from './controller-loop';
import { isFinished, splitKey } from './pods-of-owner';

/** Holds a claim that is deleted for as long as a pod uses it. */
export class ClaimProtection implements Controller {
  readonly name = 'pvc-protection-controller';

  constructor(private readonly registry: Registry) {}

  concerns({ resource, type, object }: Change): readonly string[] {
    if (resource === PERSISTENT_VOLUME_CLAIMS) return object.metadata.deletionTimestamp ? [keyOf(object)] : [];
    if (resource !== PODS || (type !== 'DELETED' && !isFinished(object as Pod))) return [];
    return claimsOf(object as Pod).map((claim) => `${object.metadata.namespace ?? ''}/${claim}`);
  }

  reconcile(key: string): undefined {
    const { namespace, name } = splitKey(key);
    const claim = this.registry.store.get(PERSISTENT_VOLUME_CLAIMS, namespace, name);
    if (!claim?.metadata.deletionTimestamp || this.isUsed(namespace, name)) return;
    const released = this.registry.amend(PERSISTENT_VOLUME_CLAIMS, claim, (draft) => {
      draft.metadata.finalizers = draft.metadata.finalizers?.filter((each) => each !== CLAIM_PROTECTION);
    });
    this.registry.finishDeletion(PERSISTENT_VOLUME_CLAIMS, released);
  }

  /** A pod that is on no host yet does not use anything. */
  private isUsed(namespace: string, claim: string): boolean {
    return this.registry.store
      .list(PODS, namespace)
      .some((pod) => pod.spec.nodeName && !isFinished(pod) && claimsOf(pod).includes(claim));
  }
}
