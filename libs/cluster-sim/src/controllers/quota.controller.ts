import { keyOf } from '../objects/kube-object';
import { EVENTS, PODS, RESOURCE_QUOTAS } from '../objects/resources';
import { type Pod } from '../objects/workloads';
import { formatUsage, isLimited, namespaceUsage } from '../registry/quota';
import { type Registry } from '../registry/registry';
import { type Change, isStatusAlone } from '../store/object-store';
import { type Controller } from './controller-loop';
import { isFinished, splitKey } from './pods-of-owner';

/** A status makes no difference to what an object counts for, but that of a pod which has ended. */
const countsAsBefore = (change: Change): boolean =>
  isStatusAlone(change) && (change.resource !== PODS || isFinished(change.object as Pod) === isFinished(change.previous as Pod));

/** Reports in every ResourceQuota what its namespace uses. */
export class QuotaController implements Controller {
  readonly name = 'resourcequota-controller';

  constructor(private readonly registry: Registry) {}

  concerns(change: Change): readonly string[] {
    const { resource, object } = change;
    const { namespace } = object.metadata;
    if (resource === EVENTS || namespace === undefined || countsAsBefore(change)) return [];
    const concerned = this.registry.store
      .list(RESOURCE_QUOTAS, namespace)
      .filter(({ spec }) => isLimited(resource, spec.hard ?? {}));
    return [...concerned, ...(resource === RESOURCE_QUOTAS ? [object] : [])].map(keyOf);
  }

  reconcile(key: string): undefined {
    const { namespace, name } = splitKey(key);
    const quota = this.registry.store.get(RESOURCE_QUOTAS, namespace, name);
    if (!quota) return;
    const hard = quota.spec.hard ?? {};
    const usage = namespaceUsage(this.registry.store, namespace, hard);
    const used = Object.fromEntries([...usage].map(([each, amount]) => [each, formatUsage(each, amount)]));
    this.registry.setStatus(RESOURCE_QUOTAS, quota, { hard, used });
  }
}
