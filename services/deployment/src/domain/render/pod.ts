import { digestOf, type ResolvedProcess } from '@souk/topology';
import { annotations } from '../cluster-object';
import { hostTraitsOf } from '../clusters/platforms';
import type { Environment } from './environment';
import type { PodLogging } from './log-collector';
import { probesOf } from './probes';
import type { NodeOwner } from './rendered';
import { podSecurity, processSecurity } from './security';
import { STORAGE_CLAIM } from './storage';

export const SERVICE_ACCOUNT = 'souk-workload';

/** A node with all that its pods are made of. */
export interface Workload {
  readonly node: ResolvedProcess;
  /** With its digest, where one is known. */
  readonly image: string;
  readonly environment: Environment;
  /** Version of the AppSecret, for nodes that have it in their environment. */
  readonly identityVersion?: number;
  /** The operation that restarted the node last. */
  readonly restartedBy?: string;
  /** None while the instance is stopped. */
  readonly replicas: number;
  /** Of hosts that it may be on; any, where none is named. */
  readonly platforms: readonly string[];
  readonly logging?: PodLogging;
}

/** Name of the Secret with what the registry of a node's image wants to see. */
export const pullSecretOf = (node: string): string => `souk-pull-${node}`;

/** The pod template of a node. */
export function podOf(owner: NodeOwner, workload: Workload): object {
  const { node, logging } = workload;
  const volumes = [...hostVolumes(node), ...storageVolumes(node), ...(logging?.volumes ?? [])];
  const marks = marksOf(workload);
  const annotated = Object.keys(marks).length > 0;
  return {
    metadata: {
      labels: owner.labels,
      ...(annotated && { annotations: marks }),
    },
    spec: {
      serviceAccountName: SERVICE_ACCOUNT,
      automountServiceAccountToken: false,
      // Variables such as MYSQL_PORT=tcp://…, which Kubernetes makes of every Service, would shadow an image's own.
      enableServiceLinks: false,
      ...(node.imagePullSecret !== undefined && { imagePullSecrets: [{ name: pullSecretOf(node.serviceName) }] }),
      // Cluster names are known in the host's network too.
      ...(node.hostNetwork && { hostNetwork: true, dnsPolicy: 'ClusterFirstWithHostNet' }),
      securityContext: podSecurity(node),
      restartPolicy: node.category === 'init' ? 'Never' : 'Always',
      ...placement(owner, workload),
      containers: [processContainer(workload), ...(logging ? [logging.container] : [])],
      ...(volumes.length > 0 && { volumes }),
    },
  };
}

/** What only shows in the template, so that its pods are replaced when it changes. */
function marksOf({ environment, identityVersion, restartedBy, logging }: Workload): Record<string, string> {
  const { versions, sealed } = environment;
  const secrets = identityVersion === undefined ? versions : Object.assign({ '': identityVersion }, versions);
  const marks: Record<string, string> = {};
  if (Object.keys(secrets).length > 0) marks[annotations.secretHash] = digestOf({ secrets, sealed });
  Object.assign(marks, logging?.mark);
  if (restartedBy !== undefined) marks[annotations.restartedBy] = restartedBy;
  return marks;
}

/**
 * Replicas are spread over hosts (F22), however many there are: to scale a node does not touch its pods. In the host's network two of them on one host would be one address: there they never meet, and there are
 * at most as many as hosts.
 */
function placement(owner: NodeOwner, { node, platforms }: Workload): object {
  const labelSelector = { matchLabels: owner.selector };
  const topologyKey = 'kubernetes.io/hostname';
  const isAlone = node.hostNetwork && node.category !== 'init';
  const affinity: Record<string, object> = {};
  if (platforms.length > 0) affinity['nodeAffinity'] = { [required]: { nodeSelectorTerms: hostTermsOf(platforms) } };
  if (isAlone) affinity['podAntiAffinity'] = { [required]: [{ labelSelector, topologyKey }] };
  const placed: Record<string, object> = {};
  if (Object.keys(affinity).length > 0) placed['affinity'] = affinity;
  if (!isAlone && node.category !== 'init')
    placed['topologySpreadConstraints'] = [{ maxSkew: 1, topologyKey, whenUnsatisfiable: 'ScheduleAnyway', labelSelector }];
  return placed;
}

const required = 'requiredDuringSchedulingIgnoredDuringExecution';

/** A host of any of these platforms: one term for each operating system. */
function hostTermsOf(platforms: readonly string[]): object[] {
  const hosts = platforms.map(hostTraitsOf);
  const is = (key: string, values: readonly string[]) => ({ key, operator: 'In', values });
  return [...new Set(hosts.map(({ os }) => os))].sort().map((os) => {
    const architectures = hosts.filter((host) => host.os === os).map(({ architecture }) => architecture);
    return { matchExpressions: [is('kubernetes.io/os', [os]), is('kubernetes.io/arch', [...new Set(architectures)].sort())] };
  });
}

function processContainer({ node, image, environment, logging }: Workload): object {
  const mounts = [...hostMounts(node), ...storageMounts(node), ...(logging ? [logging.mount] : [])];
  return {
    name: node.serviceName,
    image,
    ...(node.command && { command: node.command }),
    ...(node.args && { args: node.args }),
    ...(node.workingDirectory !== undefined && { workingDir: node.workingDirectory }),
    ...(environment.variables.length > 0 && { env: environment.variables }),
    ...(node.ports.length > 0 && {
      ports: portsOf(node).map(({ internal, protocol }) => ({
        containerPort: internal,
        ...(node.hostNetwork && { hostPort: internal }),
        protocol,
      })),
    }),
    resources: {
      requests: { cpu: node.cpu.request, memory: node.memory.request },
      limits: { cpu: node.cpu.limit, memory: node.memory.limit },
    },
    securityContext: processSecurity(node),
    ...(node.category !== 'init' && probesOf(node)),
    ...(mounts.length > 0 && { volumeMounts: mounts }),
  };
}

/** Several external ports may lead to one internal one, which a container names once. */
function portsOf({ ports }: ResolvedProcess): ResolvedProcess['ports'] {
  if (ports.length === 1) return ports;
  return [...new Map(ports.map((port) => [`${port.internal}/${port.protocol}`, port])).values()];
}

function hostVolumes({ hostPaths = [] }: ResolvedProcess): object[] {
  return hostPaths.map(({ hostPath, type }, index) => ({ name: `host-${index}`, hostPath: { path: hostPath, type } }));
}

function hostMounts({ hostPaths = [] }: ResolvedProcess): object[] {
  return hostPaths.map(({ containerPath, readOnly }, index) => ({
    name: `host-${index}`,
    mountPath: containerPath,
    ...(readOnly && { readOnly: true }),
  }));
}

function storageVolumes({ storage = [] }: ResolvedProcess): object[] {
  return storage.length > 0 ? [{ name: STORAGE_CLAIM, persistentVolumeClaim: { claimName: STORAGE_CLAIM } }] : [];
}

function storageMounts({ storage = [] }: ResolvedProcess): object[] {
  return storage.map(({ identifier, containerPath }) => ({
    name: STORAGE_CLAIM,
    mountPath: containerPath,
    subPath: identifier,
  }));
}
