import { type Controller } from '../controllers/controller-loop';
import { type EventRecorder } from '../controllers/event-recorder';
import { isFinished, splitKey } from '../controllers/pods-of-owner';
import { PodReferences } from '../kubelet/references';
import { keyOf, withCondition } from '../objects/kube-object';
import { NODES, PERSISTENT_VOLUME_CLAIMS, PODS } from '../objects/resources';
import { type PersistentVolumeClaim } from '../objects/cluster-objects';
import { type Pod } from '../objects/workloads';
import { type Registry } from '../registry/registry';
import { SELECTED_NODE } from '../registry/storage-admission';
import { type Change, type ObjectStore } from '../store/object-store';
import { chooseHost, type HostView } from './fit';
import { HostPods } from './host-pods';
import { type ResourceRequest } from './resource-request';

const COMPONENT = 'default-scheduler';

/** Binds pods to hosts. One that fits nowhere stays Pending and is looked at again when room may have become. */
export class Scheduler implements Controller {
  readonly name = 'scheduler';
  private readonly placed: PlacedPods;
  /** Keys of the pods that fit nowhere so far. */
  private readonly unschedulable = new Set<string>();

  constructor(
    private readonly registry: Registry,
    private readonly events: EventRecorder,
  ) {
    this.placed = new PlacedPods(registry.store);
  }

  concerns({ resource, type, object, previous }: Change): readonly string[] {
    if (resource === NODES || resource === PERSISTENT_VOLUME_CLAIMS) return [...this.unschedulable];
    if (resource !== PODS) return [];
    const pod = object as Pod;
    const key = keyOf(pod);
    if (type === 'DELETED') this.unschedulable.delete(key);
    const madeRoom = pod.spec.nodeName && (type === 'DELETED' || (previous && isFinished(pod) && !isFinished(previous as Pod)));
    if (madeRoom) return [...this.unschedulable];
    return type === 'ADDED' && !pod.spec.nodeName ? [key] : [];
  }

  reconcile(key: string): undefined {
    const { namespace, name } = splitKey(key);
    const pod = this.registry.store.get(PODS, namespace, name);
    if (!pod || pod.spec.nodeName || pod.metadata.deletionTimestamp) {
      this.unschedulable.delete(key);
      return;
    }
    const hosts: HostView[] = this.registry.store.list(NODES).map((node) => ({ node, pods: this.placed.on(node.metadata.name) }));
    const references = new PodReferences(this.registry.store, pod);
    const decision = chooseHost(pod, hosts, references.claimProblem());
    if (!('host' in decision)) this.refuse(pod, decision.message);
    else if (this.awaitVolumes(pod, references.claimsThatWait(), decision.host)) this.bind(pod, decision.host);
  }

  /** Tells claims that wait for their first pod where that will be. @returns whether all are bound already */
  private awaitVolumes(pod: Pod, claims: readonly PersistentVolumeClaim[], host: string): boolean {
    for (const claim of claims) {
      this.registry.amend(PERSISTENT_VOLUME_CLAIMS, claim, (draft) => {
        draft.metadata.annotations = { [SELECTED_NODE]: host, ...draft.metadata.annotations };
      });
    }
    if (claims.length > 0) this.unschedulable.add(keyOf(pod));
    return claims.length === 0;
  }

  private bind(pod: Pod, host: string): void {
    this.unschedulable.delete(keyOf(pod));
    const now = this.registry.now();
    const bound = this.registry.amend(PODS, pod, (draft) => {
      draft.spec.nodeName = host;
      const scheduled = { type: 'PodScheduled', status: 'True' as const, lastProbeTime: null };
      draft.status.conditions = withCondition(draft.status.conditions, scheduled, now);
    });
    const { namespace = '', name } = pod.metadata;
    this.events.record(bound, COMPONENT, 'Normal', 'Scheduled', `Successfully assigned ${namespace}/${name} to ${host}`);
  }

  private refuse(pod: Pod, message: string): void {
    this.unschedulable.add(keyOf(pod));
    const condition = { type: 'PodScheduled', status: 'False' as const, lastProbeTime: null, reason: 'Unschedulable', message };
    const conditions = withCondition(pod.status.conditions, condition, this.registry.now());
    this.registry.setStatus(PODS, pod, { ...pod.status, conditions });
    this.events.record(pod, COMPONENT, 'Warning', 'FailedScheduling', message);
  }
}

/** The pods that take room on each host, kept up to date by the store. */
class PlacedPods {
  private readonly byHost = new Map<string, HostPods>();

  constructor(store: ObjectStore) {
    for (const pod of store.list(PODS)) this.place(pod);
    store.onChange(({ resource, type, object, previous }) => {
      if (resource !== PODS) return;
      const { spec } = object as Pod;
      const request = previous && this.byHost.get((previous as Pod).spec.nodeName ?? '')?.remove(previous as Pod);
      if (type !== 'DELETED') this.place(object as Pod, previous?.spec === spec ? request : undefined);
    });
  }

  on(host: string): HostPods {
    return this.byHost.get(host) ?? NOBODY;
  }

  private place(pod: Pod, request?: ResourceRequest): void {
    const host = pod.spec.nodeName;
    if (!host || isFinished(pod)) return;
    const pods = this.byHost.get(host) ?? new HostPods();
    this.byHost.set(host, pods);
    pods.add(pod, request);
  }
}

const NOBODY = new HostPods();
