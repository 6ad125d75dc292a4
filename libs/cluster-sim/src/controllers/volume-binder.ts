import { keyOf } from '../objects/kube-object';
import { PERSISTENT_VOLUME_CLAIMS } from '../objects/resources';
import { type Registry } from '../registry/registry';
import { type Change } from '../store/object-store';
import { type Controller } from './controller-loop';
import { splitKey } from './pods-of-owner';

/** Binds every claim to a volume of the size that it asks for; the volumes themselves are not simulated. */
export class VolumeBinder implements Controller {
  readonly name = 'persistentvolume-binder';

  constructor(private readonly registry: Registry) {}

  concerns({ resource, object }: Change): readonly string[] {
    return resource === PERSISTENT_VOLUME_CLAIMS ? [keyOf(object)] : [];
  }

  reconcile(key: string): undefined {
    const { namespace, name } = splitKey(key);
    const claim = this.registry.store.get(PERSISTENT_VOLUME_CLAIMS, namespace, name);
    if (!claim || claim.metadata.deletionTimestamp) return;
    const { accessModes, resources } = claim.spec;
    this.registry.amend(PERSISTENT_VOLUME_CLAIMS, claim, (draft) => {
      draft.spec.volumeName ??= `pvc-${claim.metadata.uid}`;
      draft.status = { phase: 'Bound', accessModes, capacity: { storage: resources?.requests?.storage ?? '0' } };
    });
  }
}
