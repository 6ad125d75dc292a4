import { type ClusterSimConfig } from '../config';
import { type Controller } from '../controllers/controller-loop';
import { type EventRecorder } from '../controllers/event-recorder';
import { isFinished, splitKey } from '../controllers/pods-of-owner';
import { same } from '../objects/json';
import { keyOf } from '../objects/kube-object';
import { CONFIG_MAPS, NODES, PODS, SECRETS } from '../objects/resources';
import { type Container, type Pod } from '../objects/workloads';
import { type Registry } from '../registry/registry';
import { type Change, isStatusAlone } from '../store/object-store';
import { type ContainerWorld } from './container-run';
import { conductOfContainer } from './images';
import { reportHappenings } from './pod-events';
import { PodAddresses } from './pod-addresses';
import { advancePod, newPodRun, type PodRun, type PodWorld } from './pod-run';
import { podStatus } from './pod-status';
import { PodReferences } from './references';

const recordKey = (uid: string): string => `pod/${uid}`;

/** The kubelets of all hosts: runs the pods that are bound, and is the only one to say that a pod is ready. */
export class Kubelet implements Controller {
  readonly name = 'kubelet';
  private readonly addresses: PodAddresses;

  constructor(
    private readonly registry: Registry,
    private readonly events: EventRecorder,
    private readonly config: () => ClusterSimConfig,
  ) {
    const { store } = registry;
    this.addresses = new PodAddresses(store);
    for (const key of [...store.recordKeys()]) {
      const uid = key.slice('pod/'.length);
      const run = store.record<PodRun>(key);
      const pod = store.byUid(uid) as Pod | undefined;
      if (!run || !pod) store.setRecord(key, undefined);
      else if (!isFinished(pod)) this.addresses.hold(run.ip, uid);
    }
  }

  concerns(change: Change): readonly string[] {
    const { resource, type, object } = change;
    if (resource === PODS) {
      if (!(object as Pod).spec.nodeName || isStatusAlone(change)) return [];
      return [`${keyOf(object)} ${object.metadata.uid}`];
    }
    if (resource === NODES && type === 'DELETED') return this.keysOf(({ spec }) => spec.nodeName === object.metadata.name);
    if (resource === SECRETS || resource === CONFIG_MAPS) {
      // What a waiting pod lacks may be there now.
      return this.keysOf((pod) => pod.status.phase === 'Pending', object.metadata.namespace);
    }
    return [];
  }

  /** The keys of the running pods, for when the conduct of an image has changed. */
  allKeys(): string[] {
    return this.keysOf(() => true);
  }

  reconcile(key: string): number | undefined {
    const [location = '', uid = ''] = key.split(' ');
    const { namespace, name } = splitKey(location);
    const pod = this.registry.store.get(PODS, namespace, name);
    if (pod?.metadata.uid !== uid) {
      this.registry.store.setRecord(recordKey(uid), undefined);
      return undefined;
    }
    const node = this.registry.store.get(NODES, undefined, pod.spec.nodeName ?? '');
    if (!node) {
      this.registry.store.remove(PODS, pod);
      return undefined;
    }
    const run = this.registry.store.record<PodRun>(recordKey(uid)) ?? this.accept(pod);
    return pod.metadata.deletionTimestamp ? this.terminate(pod, run) : this.run(pod, run);
  }

  private accept(pod: Pod): PodRun {
    const { uid } = pod.metadata;
    const { containers, initContainers = [], hostNetwork, nodeName } = pod.spec;
    const host = this.registry.store.get(NODES, undefined, nodeName ?? '');
    const ip = hostNetwork ? this.hostAddress(pod) : this.addresses.take(host?.spec.podCIDR ?? '10.244.0.0/24', uid);
    const run = newPodRun(this.registry.now(), ip, initContainers.length, containers.length);
    this.registry.store.setRecord(recordKey(uid), run);
    return run;
  }

  private run(pod: Pod, run: PodRun): number | undefined {
    if (isFinished(pod)) return undefined;
    const now = this.registry.now();
    const world = this.worldOf(pod);
    const advanced = advancePod(run, world, now);
    if (!same(run, advanced.run)) this.registry.store.setRecord(recordKey(pod.metadata.uid), advanced.run);
    reportHappenings(this.events, pod, advanced.run, advanced.happenings, world.mountBlockedBy);
    const status = podStatus(pod, advanced.run, this.hostAddress(pod), now, this.config());
    this.registry.setStatus(PODS, pod, status);
    return advanced.next === undefined ? undefined : Math.max(0, advanced.next - now);
  }

  /** The containers get a moment to stop; then the pod is gone, unless a finalizer holds it. */
  private terminate(pod: Pod, run: PodRun): number | undefined {
    const now = this.registry.now();
    const { store } = this.registry;
    if (run.terminatingSince === undefined) {
      store.setRecord(recordKey(pod.metadata.uid), { ...run, terminatingSince: now });
      for (const { name } of pod.spec.containers) {
        this.events.record(pod, 'kubelet', 'Normal', 'Killing', `Stopping container ${name}`, pod.spec.nodeName);
      }
    }
    const grace = (pod.metadata.deletionGracePeriodSeconds ?? 0) * 1000;
    const left = (run.terminatingSince ?? now) + Math.min(this.config().terminationMs, grace) - now;
    if (left > 0) return left;
    if ((pod.metadata.finalizers ?? []).length === 0) this.registry.store.remove(PODS, pod);
    else {
      this.registry.amend(PODS, pod, (draft) => {
        draft.metadata.deletionGracePeriodSeconds = 0;
      });
    }
    return undefined;
  }

  private worldOf(pod: Pod): PodWorld {
    const references = new PodReferences(this.registry.store, pod);
    const config = this.config();
    const restartPolicy = pod.spec.restartPolicy ?? 'Always';
    const conditions = (container: Container, policy: ContainerWorld['restartPolicy'], runsToEnd: boolean): ContainerWorld => ({
      conduct: conductOfContainer(container, config),
      runsToEnd,
      restartPolicy: policy,
      blockedBy: references.environmentProblem(container),
      crashAfterMs: config.crashAfterMs,
      backoffMs: config.backoffMs,
      backoffMaxMs: config.backoffMaxMs,
    });
    return {
      init: (pod.spec.initContainers ?? []).map((container) => {
        const sidecar = container.restartPolicy === 'Always';
        // An init container that fails is run again, unless the pod is never restarted.
        const policy = sidecar ? 'Always' : restartPolicy === 'Never' ? 'Never' : 'OnFailure';
        return { ...conditions(container, policy, !sidecar), sidecar };
      }),
      main: pod.spec.containers.map((container) => conditions(container, restartPolicy, restartPolicy !== 'Always')),
      mountBlockedBy: references.mountProblem(),
    };
  }

  private hostAddress(pod: Pod): string {
    const node = this.registry.store.get(NODES, undefined, pod.spec.nodeName ?? '');
    return node?.status.addresses.find(({ type }) => type === 'InternalIP')?.address ?? '127.0.0.1';
  }

  private keysOf(wanted: (pod: Pod) => boolean, namespace?: string): string[] {
    return this.registry.store
      .list(PODS, namespace)
      .filter((pod) => pod.spec.nodeName && wanted(pod))
      .map((pod) => `${keyOf(pod)} ${pod.metadata.uid}`);
  }
}
