import {
  type ClusterEvent,
  type Namespace,
  type Node,
  type PersistentVolume,
  type PersistentVolumeClaim,
  type ResourceQuota,
  type Service,
  type StorageClass,
} from '../objects/cluster-objects';
import { findCondition, type KubeObject, type LabelSelector, type Labels, millis } from '../objects/kube-object';
import { type Resource } from '../objects/resources';
import {
  type ContainerStatus,
  type ControllerRevision,
  type Deployment,
  type Job,
  type Pod,
  type PodTemplate,
  type ReplicaSet,
  type StatefulSet,
} from '../objects/workloads';
import { VERSION } from './discovery';

export interface Column {
  readonly name: string;
  readonly type?: 'string' | 'integer';
  /** Shown by `-o wide` only. */
  readonly wide?: boolean;
  readonly description?: string;
  readonly cell: (object: KubeObject, now: number) => string | number;
}

/** The columns of a kind; the name and the age where it has none of its own. */
export const columnsOf = (resource: Resource): readonly Column[] => COLUMNS[resource.kind] ?? [NAME, AGE];

/** `T` is the kind of the table the column stands in. */
const column = <T extends KubeObject>(
  name: string,
  cell: (object: T, now: number) => string | number | undefined,
  traits: { wide?: boolean; type?: 'integer' } = {},
): Column => ({ name, ...traits, cell: (object, now) => cell(object as T, now) ?? '<none>' });

/** `45s`, `3m20s`, `5h`, `12d`: k8s.io/apimachinery/pkg/util/duration.HumanDuration. */
export const humanDuration = (ms: number): string => {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  const days = Math.floor(hours / 24);
  const two = (a: number, unitA: string, b: number, unitB: string): string => `${a}${unitA}${b > 0 ? `${b}${unitB}` : ''}`;
  if (seconds < 120) return `${seconds}s`;
  if (minutes < 10) return two(minutes, 'm', seconds % 60, 's');
  if (minutes < 180) return `${minutes}m`;
  if (hours < 8) return two(hours, 'h', minutes % 60, 'm');
  if (hours < 48) return `${hours}h`;
  if (hours < 192) return two(days, 'd', hours % 24, 'h');
  return days < 730 ? `${days}d` : two(Math.floor(days / 365), 'y', days % 365, 'd');
};

const since = (time: string | undefined, now: number): string => (time ? humanDuration(now - millis(time)) : '<unknown>');

const NAME = column('Name', ({ metadata }) => metadata.name);
const AGE = column('Age', ({ metadata }, now) => since(metadata.creationTimestamp, now));

const pairs = (labels: Labels | undefined): string | undefined =>
  Object.entries(labels ?? {})
    .map(([key, value]) => `${key}=${value}`)
    .join(',') || undefined;

const selectorText = (selector: LabelSelector | undefined): string | undefined => pairs(selector?.matchLabels);

const templateColumns = (template: (object: KubeObject) => PodTemplate): Column[] => [
  column(
    'Containers',
    (object) =>
      template(object)
        .spec.containers.map(({ name }) => name)
        .join(','),
    { wide: true },
  ),
  column(
    'Images',
    (object) =>
      template(object)
        .spec.containers.map(({ image }) => image)
        .join(','),
    { wide: true },
  ),
];

const isSidecar = (pod: Pod, index: number): boolean => pod.spec.initContainers?.[index]?.restartPolicy === 'Always';

/** What `kubectl get pods` calls the status: the phase, or the most telling reason of a container. */
export const podReason = (pod: Pod): string => {
  const { status, metadata } = pod;
  let reason = status.reason ?? status.phase;
  const init = status.initContainerStatuses ?? [];
  const pending = init.findIndex(
    ({ state, started }, index) => state.terminated?.exitCode !== 0 && !(isSidecar(pod, index) && started),
  );
  if (pending >= 0 && status.phase === 'Pending') {
    const { terminated, waiting } = init[pending]!.state;
    const problem = terminated?.reason ?? (waiting?.reason === 'PodInitializing' ? undefined : waiting?.reason);
    const shown = problem === 'ContainerCreating' ? undefined : problem;
    reason = shown ? `Init:${shown}` : `Init:${pending}/${init.length}`;
  } else {
    for (const { state, ready } of [...(status.containerStatuses ?? [])].reverse()) {
      if (state.waiting?.reason) reason = state.waiting.reason;
      else if (state.terminated) reason = state.terminated.reason;
      else if (ready && reason === 'Completed') reason = 'Running';
    }
  }
  return metadata.deletionTimestamp ? 'Terminating' : reason;
};

const restarts = ({ status }: Pod, now: number): string => {
  const all: ContainerStatus[] = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])];
  const count = all.reduce((sum, { restartCount }) => sum + restartCount, 0);
  const last = Math.max(0, ...all.map(({ lastState }) => millis(lastState.terminated?.finishedAt)));
  return count > 0 && last > 0 ? `${count} (${humanDuration(now - last)} ago)` : String(count);
};

const nodeAddress =
  (type: string) =>
  ({ status }: Node) =>
    status.addresses.find((each) => each.type === type)?.address;

const nodeStatus = ({ status, spec }: Node): string => {
  const ready = findCondition(status.conditions, 'Ready')?.status === 'True' ? 'Ready' : 'NotReady';
  return spec.unschedulable ? `${ready},SchedulingDisabled` : ready;
};

const servicePorts = ({ spec }: Service): string | undefined =>
  (spec.ports ?? [])
    .map(({ port, nodePort, protocol }) => `${port}${nodePort ? `:${nodePort}` : ''}/${protocol ?? 'TCP'}`)
    .join(',') || undefined;

const jobStatus = ({ status, metadata, spec }: Job): string => {
  const is = (type: string): boolean => findCondition(status.conditions, type)?.status === 'True';
  if (is('Complete')) return 'Complete';
  if (is('Failed')) return 'Failed';
  if (metadata.deletionTimestamp) return 'Terminating';
  return spec.suspend ? 'Suspended' : 'Running';
};

const quotaText = ({ status }: ResourceQuota, limits: boolean): string =>
  Object.keys(status.hard ?? {})
    .filter((name) => name.startsWith('limits') === limits)
    .map((name) => `${name}: ${status.used?.[name] ?? '0'}/${status.hard?.[name] ?? ''}`)
    .join(', ');

const endpointsText = (object: KubeObject): string | undefined => {
  const subsets = (object.subsets ?? []) as { addresses?: { ip: string }[]; ports?: { port: number }[] }[];
  const all = subsets.flatMap(({ addresses = [], ports = [] }) =>
    addresses.flatMap(({ ip }) => ports.map(({ port }) => `${ip}:${port}`)),
  );
  if (all.length === 0) return undefined;
  return all.length > 3 ? `${all.slice(0, 3).join(',')} + ${all.length - 3} more...` : all.join(',');
};

const size = (value: unknown): number => Object.keys(value ?? {}).length;

const COLUMNS: Readonly<Record<string, readonly Column[]>> = {
  Pod: [
    NAME,
    column<Pod>('Ready', ({ status, spec }) => {
      const ready = (status.containerStatuses ?? []).filter((each) => each.ready).length;
      return `${ready}/${spec.containers.length}`;
    }),
    column<Pod>('Status', podReason),
    column<Pod>('Restarts', restarts),
    AGE,
    column<Pod>('IP', ({ status }) => status.podIP, { wide: true }),
    column<Pod>('Node', ({ spec }) => spec.nodeName, { wide: true }),
    column('Nominated Node', () => undefined, { wide: true }),
    column('Readiness Gates', () => undefined, { wide: true }),
  ],
  Deployment: [
    NAME,
    column<Deployment>('Ready', ({ status, spec }) => `${status.readyReplicas ?? 0}/${spec.replicas}`),
    column<Deployment>('Up-to-date', ({ status }) => status.updatedReplicas ?? 0, { type: 'integer' }),
    column<Deployment>('Available', ({ status }) => status.availableReplicas ?? 0, { type: 'integer' }),
    AGE,
    ...templateColumns((object) => (object as Deployment).spec.template),
    column<Deployment>('Selector', ({ spec }) => selectorText(spec.selector), { wide: true }),
  ],
  ReplicaSet: [
    NAME,
    column<ReplicaSet>('Desired', ({ spec }) => spec.replicas, { type: 'integer' }),
    column<ReplicaSet>('Current', ({ status }) => status.replicas, { type: 'integer' }),
    column<ReplicaSet>('Ready', ({ status }) => status.readyReplicas ?? 0, { type: 'integer' }),
    AGE,
    ...templateColumns((object) => (object as ReplicaSet).spec.template),
    column<ReplicaSet>('Selector', ({ spec }) => selectorText(spec.selector), { wide: true }),
  ],
  StatefulSet: [
    NAME,
    column<StatefulSet>('Ready', ({ status, spec }) => `${status.readyReplicas ?? 0}/${spec.replicas}`),
    AGE,
    ...templateColumns((object) => (object as StatefulSet).spec.template),
  ],
  Job: [
    NAME,
    column<Job>('Status', jobStatus),
    column<Job>(
      'Completions',
      ({ spec, status }) => `${status.succeeded ?? 0}/${spec.completions ?? `1 of ${spec.parallelism}`}`,
    ),
    column<Job>('Duration', ({ status }, now) => {
      if (!status.startTime) return '';
      return humanDuration((status.completionTime ? millis(status.completionTime) : now) - millis(status.startTime));
    }),
    AGE,
    ...templateColumns((object) => (object as Job).spec.template),
    column<Job>('Selector', ({ spec }) => selectorText(spec.selector), { wide: true }),
  ],
  Service: [
    NAME,
    column<Service>('Type', ({ spec }) => spec.type),
    column<Service>('Cluster-IP', ({ spec }) => spec.clusterIP),
    column<Service>('External-IP', ({ spec, status }) => {
      if (spec.type === 'ExternalName') return spec.externalName;
      const ingress = (status.loadBalancer.ingress ?? []).map(({ ip }) => ip ?? '').join(',');
      return ingress || (spec.type === 'LoadBalancer' ? '<pending>' : undefined);
    }),
    column<Service>('Port(s)', servicePorts),
    AGE,
    column<Service>('Selector', ({ spec }) => pairs(spec.selector), { wide: true }),
  ],
  Endpoints: [NAME, column('Endpoints', endpointsText), AGE],
  Node: [
    NAME,
    column<Node>('Status', nodeStatus),
    column('Roles', () => undefined),
    AGE,
    column('Version', () => VERSION.gitVersion),
    column<Node>('Internal-IP', nodeAddress('InternalIP'), { wide: true }),
    column<Node>('External-IP', nodeAddress('ExternalIP'), { wide: true }),
    column<Node>('OS-Image', ({ status }) => status.nodeInfo.osImage, { wide: true }),
    column<Node>('Kernel-Version', ({ status }) => status.nodeInfo.kernelVersion, { wide: true }),
    column<Node>('Container-Runtime', ({ status }) => status.nodeInfo.containerRuntimeVersion, { wide: true }),
  ],
  Namespace: [NAME, column<Namespace>('Status', ({ status }) => status.phase), AGE],
  Secret: [
    NAME,
    column('Type', ({ type }) => type as string),
    column('Data', ({ data }) => size(data), { type: 'integer' }),
    AGE,
  ],
  ConfigMap: [NAME, column('Data', ({ data, binaryData }) => size(data) + size(binaryData), { type: 'integer' }), AGE],
  ServiceAccount: [
    NAME,
    column('Secrets', ({ secrets }) => (Array.isArray(secrets) ? secrets.length : 0), { type: 'integer' }),
    AGE,
  ],
  ResourceQuota: [
    NAME,
    column<ResourceQuota>('Request', (object) => quotaText(object, false)),
    column<ResourceQuota>('Limit', (object) => quotaText(object, true)),
    AGE,
  ],
  PersistentVolumeClaim: [
    NAME,
    column<PersistentVolumeClaim>('Status', ({ status, metadata }) =>
      metadata.deletionTimestamp ? 'Terminating' : status.phase,
    ),
    column<PersistentVolumeClaim>('Volume', ({ spec }) => spec.volumeName ?? ''),
    column<PersistentVolumeClaim>('Capacity', ({ status }) => status.capacity?.storage ?? ''),
    column<PersistentVolumeClaim>('Access Modes', ({ spec }) => modesText(spec.accessModes)),
    column<PersistentVolumeClaim>('StorageClass', ({ spec }) => spec.storageClassName ?? ''),
    AGE,
    column<PersistentVolumeClaim>('VolumeMode', ({ spec }) => spec.volumeMode, { wide: true }),
  ],
  PersistentVolume: [
    NAME,
    column<PersistentVolume>('Capacity', ({ spec }) => spec.capacity?.storage ?? ''),
    column<PersistentVolume>('Access Modes', ({ spec }) => modesText(spec.accessModes)),
    column<PersistentVolume>('Reclaim Policy', ({ spec }) => spec.persistentVolumeReclaimPolicy),
    column<PersistentVolume>('Status', ({ status, metadata }) => (metadata.deletionTimestamp ? 'Terminating' : status.phase)),
    column<PersistentVolume>('Claim', ({ spec }) => (spec.claimRef ? `${spec.claimRef.namespace}/${spec.claimRef.name}` : '')),
    column<PersistentVolume>('StorageClass', ({ spec }) => spec.storageClassName ?? ''),
    column('Reason', () => ''),
    AGE,
    column<PersistentVolume>('VolumeMode', ({ spec }) => spec.volumeMode, { wide: true }),
  ],
  StorageClass: [
    NAME,
    column<StorageClass>('Provisioner', ({ provisioner }) => provisioner),
    column<StorageClass>('ReclaimPolicy', ({ reclaimPolicy }) => reclaimPolicy),
    column<StorageClass>('VolumeBindingMode', ({ volumeBindingMode }) => volumeBindingMode),
    column<StorageClass>('AllowVolumeExpansion', ({ allowVolumeExpansion }) => String(allowVolumeExpansion ?? false)),
    AGE,
  ],
  ControllerRevision: [
    NAME,
    column('Controller', ({ metadata }) => {
      const owner = metadata.ownerReferences?.[0];
      return owner && `${owner.kind.toLowerCase()}.apps/${owner.name}`;
    }),
    column<ControllerRevision>('Revision', ({ revision }) => revision, { type: 'integer' }),
    AGE,
  ],
  Event: [
    column<ClusterEvent>('Last Seen', ({ lastTimestamp }, now) => since(lastTimestamp, now)),
    column<ClusterEvent>('Type', ({ type }) => type),
    column<ClusterEvent>('Reason', ({ reason }) => reason),
    column<ClusterEvent>('Object', ({ involvedObject }) => `${involvedObject.kind.toLowerCase()}/${involvedObject.name}`),
    column<ClusterEvent>('Message', ({ message }) => message),
    column<ClusterEvent>('Count', ({ count }) => count, { type: 'integer', wide: true }),
    { ...NAME, wide: true },
  ],
  NetworkPolicy: [
    NAME,
    column('Pod-Selector', ({ spec }) => selectorText((spec as { podSelector?: LabelSelector } | undefined)?.podSelector)),
    AGE,
  ],
  Ingress: [
    NAME,
    column('Class', ({ spec }) => (spec as { ingressClassName?: string } | undefined)?.ingressClassName),
    column('Hosts', ({ spec }) => hostsText(spec as { rules?: { host?: string }[] } | undefined)),
    AGE,
  ],
  PodDisruptionBudget: [
    NAME,
    column('Min Available', ({ spec }) => budgetText(spec, 'minAvailable')),
    column('Max Unavailable', ({ spec }) => budgetText(spec, 'maxUnavailable')),
    AGE,
  ],
  Lease: [NAME, column('Holder', ({ spec }) => (spec as { holderIdentity?: string } | undefined)?.holderIdentity), AGE],
};

const hostsText = (spec: { rules?: { host?: string }[] } = {}): string =>
  spec.rules?.map(({ host }) => host ?? '*').join(',') ?? '*';

const budgetText = (spec: unknown, field: string): string =>
  String((spec as Readonly<Record<string, string | number>> | undefined)?.[field] ?? 'N/A');

const modesText = (modes: readonly string[] = []): string => modes.map((mode) => ACCESS_MODES[mode] ?? mode).join(',');

const ACCESS_MODES: Readonly<Record<string, string>> = {
  ReadWriteOnce: 'RWO',
  ReadOnlyMany: 'ROX',
  ReadWriteMany: 'RWX',
  ReadWriteOncePod: 'RWOP',
};
