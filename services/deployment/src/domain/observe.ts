import { annotations, type ClusterObject, isTerminating, keyOf, nodeOf } from './cluster-object';
import { type HostCapacity, misfitOf } from './capacity';
import type { NodeAddress, WaitCode } from './operation.events';
import type { RenderedNode, RenderedObject } from './render/rendered';
import type { Resource } from './resources';

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

  constructor(private readonly observed: Observed) {
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

  /** What is wanted stands there, applied by us, and is not on its way out. */
  has({ object, hash }: RenderedObject): boolean {
    const known = this.byKey.get(keyOf(object));
    return known !== undefined && !isTerminating(known) && known.metadata.annotations?.[annotations.specHash] === hash;
  }

  /** The operation that applied any of these objects last is this one. */
  wasTouchedBy(operationId: string, objects: readonly RenderedObject[]): boolean {
    return objects.some(
      ({ object }) => this.byKey.get(keyOf(object))?.metadata.annotations?.[annotations.operation] === operationId,
    );
  }

  /** Every replica is of the newest spec, and available; none of an older spec is left. */
  isRolledOut(node: string): boolean {
    const deployment = this.byKey.get(`Deployment/${node}`) as DeploymentObject | undefined;
    if (!deployment || isTerminating(deployment)) return false;
    const { spec, status } = deployment;
    const wanted = spec?.replicas ?? 1;
    return (
      isObserved(deployment) &&
      (status?.updatedReplicas ?? 0) >= wanted &&
      (status?.replicas ?? 0) === (status?.updatedReplicas ?? 0) &&
      (status?.availableReplicas ?? 0) >= wanted
    );
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
      ports: service.spec.ports.map(({ port, protocol = 'TCP', nodePort }) => ({
        port,
        protocol,
        ...(nodePort !== undefined && { nodePort }),
      })),
    };
  }

  /** Why a node that was applied is not ready: the gravest of what its pods say. */
  trouble(node: RenderedNode): Trouble {
    const deployment = this.byKey.get(`Deployment/${node.name}`) as DeploymentObject | undefined;
    if (deployment && !isObserved(deployment)) return { code: 'starting', reason: 'its pods are being made' };
    const refused = deployment?.status?.conditions?.find((known) => known.type === 'ReplicaFailure' && known.status === 'True');
    const pods = this.podsOf(node.name).filter((pod) => !isTerminating(pod) && pod.status?.phase !== 'Succeeded');
    // What pods of an earlier template say is not said of this one; only where it made none yet, they are all there is.
    const own = deployment ? pods.filter((pod) => isOfTemplate(pod, deployment)) : pods;
    const troubles = (own.length > 0 ? own : pods).filter((pod) => !isReady(pod)).map((pod) => this.troubleOf(pod, node));
    if (refused) troubles.push({ code: 'quota-exceeded', reason: refused.message ?? 'the cluster refuses to make its pods' });
    return gravest(troubles) ?? { code: 'starting', reason: 'its pods are being made' };
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
    const container = pod.status?.containerStatuses?.[0];
    const waiting = container?.state?.waiting;
    const message = waiting?.message ?? '';
    if (waiting?.reason !== undefined && pullFailures.has(waiting.reason))
      return { code: 'image-not-pulled', reason: `its image "${node.image}" can't be pulled: ${message || waiting.reason}` };
    if (waiting?.reason === 'CrashLoopBackOff' || (container?.state?.terminated && (container.restartCount ?? 0) > 0))
      return { code: 'crash-loop', reason: crash(container) };
    if (waiting?.reason !== undefined && startFailures.has(waiting.reason))
      return { code: 'cannot-start', reason: `its container can't be started: ${message || waiting.reason}` };
    if (container?.state?.running) return { code: 'not-ready', reason: 'it runs, but its health check does not succeed' };
    return { code: 'starting', reason: 'its pods are starting' };
  }
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

const pullFailures: ReadonlySet<string> = new Set(['ErrImagePull', 'ImagePullBackOff', 'InvalidImageName', 'ErrImageNeverPull']);

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

function crash(container: ContainerStatus | undefined): string {
  const last = container?.lastState?.terminated ?? container?.state?.terminated;
  const exit = last?.exitCode === undefined ? '' : ` with exit code ${last.exitCode}`;
  return `it crashes again and again: it ended${exit}${last?.reason ? ` (${last.reason})` : ''}, ${container?.restartCount ?? 0} restarts`;
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
function isObserved({ status, metadata }: DeploymentObject): boolean {
  return (status?.observedGeneration ?? 0) >= (metadata.generation ?? 1);
}

/** Made from the template as it is now. Not told by a hash, which only the cluster knows how to make: by what versions differ in. */
function isOfTemplate({ metadata, spec }: PodObject, deployment: DeploymentObject): boolean {
  const template = deployment.spec?.template;
  const [has, wants] = [spec?.containers?.[0], template?.spec?.containers?.[0]];
  const marks = Object.entries(template?.metadata?.annotations ?? {});
  return (
    told.every((field) => JSON.stringify(has?.[field]) === JSON.stringify(wants?.[field])) &&
    marks.every(([mark, value]) => metadata.annotations?.[mark] === value)
  );
}

const told = ['image', 'resources', 'env', 'command', 'args', 'ports'] as const;

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
  readonly restartCount?: number;
  readonly state?: ContainerState;
  readonly lastState?: ContainerState;
}

type Container = Readonly<Partial<Record<(typeof told)[number], unknown>>>;

interface PodObject extends ClusterObject {
  readonly spec?: { readonly containers?: readonly Container[] };
  readonly status?: {
    readonly phase?: string;
    readonly conditions?: readonly Condition[];
    readonly containerStatuses?: readonly ContainerStatus[];
  };
}

interface DeploymentObject extends ClusterObject {
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
  readonly spec?: {
    readonly ports?: readonly { readonly port: number; readonly protocol?: string; readonly nodePort?: number }[];
  };
}
