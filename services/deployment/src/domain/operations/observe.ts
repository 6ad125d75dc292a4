import { annotations, type ClusterObject, isTerminating, keyOf, nodeOf } from '../cluster-object';
import { type HostCapacity, misfitOf } from '../clusters/capacity';
import { differenceOf } from '../health/drift';
import type { NodeAddress, WaitCode } from './operation.events';
import type { RenderedNode, RenderedObject } from '../render/rendered';
import type { Resource } from '../cloud/resources';

/** What the cluster shows of one instance at one moment. */
export interface Observed {
  /** Objects with the label of the instance. */
  readonly objects: readonly ClusterObject[];
  /** Capacity of the hosts, known where a pod finds no place. */
  readonly hosts?: readonly HostCapacity[];
  /** Node → its managed resource, of those that the instance ever had. */
  readonly resources?: ReadonlyMap<string, Resource>;
}

/** The same, ready to be asked. */
export class Sight {
  private readonly byKey = new Map<string, ClusterObject>();
  private readonly byNode = new Map<string, ClusterObject[]>();

  /** @param by the operation on whose behalf it is looked; one that corrects leaves alone what only was rendered otherwise */
  constructor(
    private readonly observed: Observed,
    private readonly by: { readonly operationId: string; readonly corrects: boolean },
  ) {
    for (const object of observed.objects) {
      this.byKey.set(keyOf(object), object);
      const node = nodeOf(object);
      if (node === undefined) continue;
      const known = this.byNode.get(node);
      if (known) known.push(object);
      else this.byNode.set(node, [object]);
    }
  }

  object(kind: string, name: string): ClusterObject | undefined {
    return this.byKey.get(`${kind}/${name}`);
  }

  all(): Iterable<ClusterObject> {
    return this.byKey.values();
  }

  /** Everything that belongs to the node, its pods too. */
  ofNode(node: string): readonly ClusterObject[] {
    return this.byNode.get(node) ?? [];
  }

  /**
   * What is wanted stands there, applied by us, is not on its way out, and nobody else has changed it. What this very operation has applied
   * is not looked at so closely: an operation fights with nobody.
   */
  has(wanted: RenderedObject): boolean {
    const known = this.byKey.get(keyOf(wanted.object));
    if (!known || isTerminating(known)) return false;
    const isSame = known.metadata.annotations?.[annotations.specHash] === wanted.hash;
    if (isSame && this.isApplied(known)) return true;
    return (isSame || this.by.corrects) && differenceOf(wanted, known) === undefined;
  }

  /** This operation has applied any of these objects. */
  wasTouched(objects: readonly RenderedObject[]): boolean {
    return objects.some(({ object }) => {
      const known = this.byKey.get(keyOf(object));
      return known !== undefined && this.isApplied(known);
    });
  }

  private isApplied({ metadata }: ClusterObject): boolean {
    return metadata.annotations?.[annotations.operation] === this.by.operationId;
  }

  /** Every replica is of the newest spec, and available; none of an older spec is left. */
  isRolledOut(node: RenderedNode): boolean {
    const workload = this.workload(node);
    return workload !== undefined && isWhole(workload);
  }

  job(node: string): JobSight | undefined {
    const job = this.byKey.get(`Job/${node}`) as JobObject | undefined;
    if (!job) return undefined;
    const condition = (type: string) => job.status?.conditions?.find((known) => known.type === type && known.status === 'True');
    const failed = condition('Failed');
    if (condition('Complete')) return { object: job, state: 'complete' };
    if (!failed) return { object: job, state: isTerminating(job) ? 'terminating' : 'active' };
    const exit = this.podsOf(node).flatMap(exitsOf).at(-1);
    return { object: job, state: 'failed', reason: exit ?? failed.message ?? failed.reason ?? 'the job failed' };
  }

  address(node: string): NodeAddress | undefined {
    const service = this.byKey.get(`Service/${node}`) as ServiceObject | undefined;
    if (!service?.spec?.ports) return undefined;
    return {
      host: node,
      ...reachOf(service, this.podsOf(node)),
      ports: service.spec.ports.map(({ port, protocol = 'TCP', nodePort }) => ({
        port,
        protocol,
        ...(nodePort !== undefined && { nodePort }),
      })),
    };
  }

  /** Why a node that was applied is not ready: the gravest of what its pods say. */
  trouble(node: RenderedNode): Trouble {
    const workload = this.workload(node);
    if (workload && !isObserved(workload)) return { code: 'starting', reason: 'its pods are being made' };
    const refused = workload?.status?.conditions?.find((known) => known.type === 'ReplicaFailure' && known.status === 'True');
    const pods = this.podsOf(node.name).filter((pod) => !isTerminating(pod) && pod.status?.phase !== 'Succeeded');
    // What pods of an earlier template say is not said of this one; only where it made none yet, they are all there is.
    const own = workload ? pods.filter((pod) => isOfTemplate(pod, workload)) : pods;
    const troubles = (own.length > 0 ? own : pods).filter((pod) => !isReady(pod)).map((pod) => this.troubleOf(pod, node));
    if (refused) troubles.push({ code: 'quota-exceeded', reason: refused.message ?? 'the cluster refuses to make its pods' });
    return gravest(troubles) ?? { code: 'starting', reason: 'its pods are being made' };
  }

  /** The Deployment or StatefulSet that keeps the node's pods running. */
  private workload({ name, objects }: RenderedNode): WorkloadObject | undefined {
    const kind = objects.at(-1)?.object.kind;
    return kind === 'Job' ? undefined : this.byKey.get(`${kind}/${name}`);
  }

  private podsOf(node: string): PodObject[] {
    return this.ofNode(node).filter(({ kind }) => kind === 'Pod');
  }

  private troubleOf(pod: PodObject, node: RenderedNode): Trouble {
    const unschedulable = pod.status?.conditions?.find(
      (known) => known.type === 'PodScheduled' && known.status === 'False' && known.reason === 'Unschedulable',
    );
    if (unschedulable) {
      const misfit = this.observed.hosts && misfitOf(node.requests, this.observed.hosts);
      const scheduler = unschedulable.message ?? 'no host has room';
      return { code: 'does-not-fit', reason: misfit ? `no host has room: ${misfit} (scheduler: ${scheduler})` : scheduler };
    }
    const statuses = pod.status?.containerStatuses ?? [];
    // Kubernetes tells of containers in the order of their names.
    const own = statuses.find(({ name }) => name === node.name) ?? statuses[0];
    const others = statuses.filter((status) => status !== own).map((status) => troubleIn(status, "its log collector's"));
    const troubles = [own && troubleIn(own, 'its', node.image), ...others].flatMap((trouble) => trouble ?? []);
    if (troubles[0]) return troubles[0];
    if (own?.state?.running) return { code: 'not-ready', reason: 'it runs, but its health check does not succeed' };
    return { code: 'starting', reason: 'its pods are starting' };
  }
}

/**
 * Whether operations wait for just this: a workload is rolled out, a job has ended, or something happened to an object that seldom changes. What
 * happens on the way there comes in crowds, and may be looked at together.
 */
export function isOutcome(object: ClusterObject): boolean {
  switch (object.kind) {
    case 'Deployment':
    case 'StatefulSet':
      return isTerminating(object) || isWhole(object);
    case 'Job':
      return isTerminating(object) || ((object as JobObject).status?.conditions ?? []).some(isEnd);
    default:
      return !crowds.has(object.kind);
  }
}

const crowds: ReadonlySet<string> = new Set(['Pod', 'ResourceQuota', 'Secret', 'ServiceAccount', 'NetworkPolicy', 'ConfigMap']);

const isEnd = ({ type, status }: Condition): boolean => (type === 'Complete' || type === 'Failed') && status === 'True';

/** Every replica is of the newest spec, and available; none of an older spec is left. */
function isWhole(workload: WorkloadObject): boolean {
  const { spec, status } = workload;
  const wanted = spec?.replicas ?? 1;
  return (
    !isTerminating(workload) &&
    isObserved(workload) &&
    (status?.updatedReplicas ?? 0) >= wanted &&
    (status?.replicas ?? 0) === (status?.updatedReplicas ?? 0) &&
    (status?.availableReplicas ?? 0) >= wanted
  );
}

/** What seldom passes by itself. */
function troubleIn(container: ContainerStatus, whose: string, image = container.image): Trouble | undefined {
  const { waiting, terminated } = container.state ?? {};
  const reason = waiting?.reason;
  const why = waiting?.message || reason;
  if (reason !== undefined && pullFailures.has(reason))
    return { code: 'image-not-pulled', reason: `${whose} image "${image}" can't be pulled: ${why}` };
  if (reason === 'CrashLoopBackOff' || (terminated && (container.restartCount ?? 0) > 0))
    return { code: 'crash-loop', reason: crash(container, whose) };
  if (reason !== undefined && startFailures.has(reason))
    return { code: 'cannot-start', reason: `${whose} container can't be started: ${why}` };
  return undefined;
}

export interface Trouble {
  readonly code: WaitCode;
  readonly reason: string;
}

export interface JobSight {
  readonly object: ClusterObject;
  readonly state: 'active' | 'complete' | 'failed' | 'terminating';
  readonly reason?: string;
}

/** Worth a fact of its own; the others are the normal course of a start. */
export const isTrouble = ({ code }: Trouble): boolean => code !== 'starting' && code !== 'not-ready';

/** Whether some pod finds no host, so that knowing what is free makes a better answer. */
export function needsCapacity(objects: readonly ClusterObject[]): boolean {
  return (objects as readonly PodObject[]).some(
    (object) => object.kind === 'Pod' && object.status?.conditions?.some((known) => known.reason === 'Unschedulable'),
  );
}

/** As kubelets name them, in `pkg/kubelet/images` and for errors of their runtimes. */
const pullFailures: ReadonlySet<string> = new Set([
  'ErrImagePull',
  'ImagePullBackOff',
  'InvalidImageName',
  'ErrImageNeverPull',
  'ImageInspectError',
  'RegistryUnavailable',
  'SignatureValidationFailed',
]);

const startFailures: ReadonlySet<string> = new Set([
  'CreateContainerConfigError',
  'CreateContainerError',
  'RunContainerError',
  'StartError',
]);

const byGravity: readonly WaitCode[] = [
  'does-not-fit',
  'image-not-pulled',
  'cannot-start',
  'crash-loop',
  'quota-exceeded',
  'not-ready',
  'starting',
];

function gravest(troubles: readonly Trouble[]): Trouble | undefined {
  return troubles.toSorted((a, b) => byGravity.indexOf(a.code) - byGravity.indexOf(b.code))[0];
}

function crash(container: ContainerStatus, whose: string): string {
  const last = container.lastState?.terminated ?? container.state?.terminated;
  const exit = last?.exitCode === undefined ? '' : ` with exit code ${last.exitCode}`;
  const what = whose === 'its' ? 'it crashes' : `${whose} process crashes`;
  return `${what} again and again: it ended${exit}${last?.reason ? ` (${last.reason})` : ''}, ${container.restartCount ?? 0} restarts`;
}

function exitsOf(pod: PodObject): string[] {
  return (pod.status?.containerStatuses ?? []).flatMap(({ state, name }) => {
    const ended = state?.terminated;
    if (ended && ended.exitCode !== 0)
      return [`it ended with exit code ${ended.exitCode ?? 'unknown'}${ended.message ? `: ${ended.message}` : ''}`];
    const waiting = state?.waiting;
    return waiting ? [`container "${name}" waits: ${waiting.message ?? waiting.reason ?? 'unknown'}`] : [];
  });
}

function isReady(pod: PodObject): boolean {
  return pod.status?.conditions?.some((known) => known.type === 'Ready' && known.status === 'True') ?? false;
}

/** The cluster has taken notice of what was applied last. */
function isObserved({ status, metadata }: WorkloadObject): boolean {
  return (status?.observedGeneration ?? 0) >= (metadata.generation ?? 1);
}

/** Made from the template as it is now. Not told by a hash, which only the cluster knows how to make: by what versions differ in. */
function isOfTemplate({ metadata, spec }: PodObject, workload: WorkloadObject): boolean {
  const template = workload.spec?.template;
  const [has, wants] = [spec?.containers?.[0], template?.spec?.containers?.[0]];
  const marks = Object.entries(template?.metadata?.annotations ?? {});
  return (
    told.every((field) => JSON.stringify(has?.[field]) === JSON.stringify(wants?.[field])) &&
    marks.every(([mark, value]) => metadata.annotations?.[mark] === value)
  );
}

const told = ['image', 'resources', 'env', 'command', 'args', 'ports'] as const;

/** From the local network: an address of its own, or those of the hosts that its pods run on. */
function reachOf({ spec, status, metadata }: ServiceObject, pods: readonly PodObject[]): Pick<NodeAddress, 'external' | 'hosts'> {
  const wished = Object.entries(metadata.annotations ?? {}).find(([name]) => /\/loadbalancerIPs$/i.test(name))?.[1];
  const external = status?.loadBalancer?.ingress?.[0]?.ip ?? spec?.loadBalancerIP ?? wished;
  if (spec?.type === 'LoadBalancer') return external === undefined ? {} : { external };
  const isOnHosts = spec?.type === 'NodePort' || pods.some((pod) => pod.spec?.hostNetwork === true);
  if (!isOnHosts) return {};
  const hosts = new Set(pods.flatMap((pod) => (isReady(pod) ? (pod.status?.hostIP ?? []) : [])));
  return hosts.size > 0 ? { hosts: [...hosts].sort() } : {};
}

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
}

interface ContainerState {
  readonly waiting?: { readonly reason?: string; readonly message?: string };
  readonly running?: object;
  readonly terminated?: { readonly exitCode?: number; readonly reason?: string; readonly message?: string };
}

interface ContainerStatus {
  readonly name: string;
  readonly image?: string;
  readonly restartCount?: number;
  readonly state?: ContainerState;
  readonly lastState?: ContainerState;
}

type Container = Readonly<Partial<Record<(typeof told)[number], unknown>>>;

interface PodObject extends ClusterObject {
  readonly spec?: { readonly hostNetwork?: boolean; readonly containers?: readonly Container[] };
  readonly status?: {
    readonly hostIP?: string;
    readonly phase?: string;
    readonly conditions?: readonly Condition[];
    readonly containerStatuses?: readonly ContainerStatus[];
  };
}

interface WorkloadObject extends ClusterObject {
  readonly spec?: {
    readonly replicas?: number;
    readonly template?: {
      readonly metadata?: { readonly annotations?: Readonly<Record<string, string>> };
      readonly spec?: { readonly containers?: readonly Container[] };
    };
  };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly replicas?: number;
    readonly updatedReplicas?: number;
    readonly availableReplicas?: number;
    readonly conditions?: readonly Condition[];
  };
}

interface JobObject extends ClusterObject {
  readonly status?: { readonly conditions?: readonly Condition[] };
}

interface ServiceObject extends ClusterObject {
  readonly status?: { readonly loadBalancer?: { readonly ingress?: readonly { readonly ip?: string }[] } };
  readonly spec?: {
    readonly type?: string;
    readonly loadBalancerIP?: string;
    readonly ports?: readonly { readonly port: number; readonly protocol?: string; readonly nodePort?: number }[];
  };
}
