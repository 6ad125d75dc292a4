import { type Condition, type KubeObject, type LabelSelector, type Labels, type ObjectMeta } from './kube-object';

export interface ResourceRequirements {
  requests?: Labels | undefined;
  limits?: Labels | undefined;
}

interface KeyReference {
  name: string;
  key: string;
  optional?: boolean | undefined;
}
interface SourceReference {
  name: string;
  optional?: boolean | undefined;
}

interface SeccompProfile {
  type: string;
}

/** What a container asks of its host beyond running. */
interface ContainerSecurity {
  privileged?: boolean | undefined;
  allowPrivilegeEscalation?: boolean | undefined;
  capabilities?: { add?: string[]; drop?: string[] } | undefined;
  runAsNonRoot?: boolean | undefined;
  runAsUser?: number | undefined;
  seccompProfile?: SeccompProfile | undefined;
}

export interface Container {
  name: string;
  image: string;
  command?: string[] | undefined;
  args?: string[] | undefined;
  env?: { name: string; valueFrom?: { secretKeyRef?: KeyReference; configMapKeyRef?: KeyReference } }[] | undefined;
  envFrom?: { secretRef?: SourceReference; configMapRef?: SourceReference }[] | undefined;
  ports?: { name?: string; containerPort: number; hostPort?: number; protocol?: string; hostIP?: string }[] | undefined;
  resources?: ResourceRequirements | undefined;
  volumeMounts?: { name: string; mountPath: string; subPath?: string }[] | undefined;
  restartPolicy?: string | undefined;
  securityContext?: ContainerSecurity | undefined;
  readinessProbe?: unknown;
}

export interface Volume {
  name: string;
  secret?: { secretName?: string; optional?: boolean; items?: { key: string }[] };
  configMap?: SourceReference & { items?: { key: string }[] };
  persistentVolumeClaim?: { claimName: string };
  hostPath?: { path: string; type?: string };
}

export interface NodeSelectorTerm {
  matchExpressions?: { key: string; operator: string; values?: string[] }[];
}

export interface PodSpec {
  containers: Container[];
  initContainers?: Container[] | undefined;
  volumes?: Volume[] | undefined;
  restartPolicy?: 'Always' | 'OnFailure' | 'Never' | undefined;
  nodeName?: string | undefined;
  nodeSelector?: Labels | undefined;
  hostNetwork?: boolean | undefined;
  securityContext?:
    | (Pick<ContainerSecurity, 'runAsNonRoot' | 'runAsUser' | 'seccompProfile'> & { sysctls?: { name: string; value: string }[] })
    | undefined;
  serviceAccountName?: string | undefined;
  terminationGracePeriodSeconds?: number | undefined;
  tolerations?: { key?: string; operator?: string; value?: string; effect?: string }[] | undefined;
  affinity?: {
    nodeAffinity?: { requiredDuringSchedulingIgnoredDuringExecution?: { nodeSelectorTerms?: NodeSelectorTerm[] } };
    podAntiAffinity?: {
      requiredDuringSchedulingIgnoredDuringExecution?: { labelSelector?: LabelSelector; topologyKey: string }[];
    };
  };
  topologySpreadConstraints?:
    { maxSkew: number; topologyKey: string; whenUnsatisfiable: string; labelSelector?: LabelSelector }[] | undefined;
  hostname?: string | undefined;
  subdomain?: string | undefined;
}

export interface ContainerState {
  waiting?: { reason: string; message?: string | undefined } | undefined;
  running?: { startedAt: string } | undefined;
  terminated?:
    { exitCode: number; reason: string; startedAt: string; finishedAt: string; containerID?: string | undefined } | undefined;
}

export interface ContainerStatus {
  name: string;
  image: string;
  imageID: string;
  ready: boolean;
  started: boolean;
  restartCount: number;
  state: ContainerState;
  lastState: ContainerState;
  containerID?: string | undefined;
}

export type PodPhase = 'Pending' | 'Running' | 'Succeeded' | 'Failed';

export interface PodStatus {
  phase: PodPhase;
  conditions?: Condition[] | undefined;
  reason?: string | undefined;
  message?: string | undefined;
  hostIP?: string | undefined;
  hostIPs?: { ip: string }[] | undefined;
  podIP?: string | undefined;
  podIPs?: { ip: string }[] | undefined;
  startTime?: string | undefined;
  qosClass?: string | undefined;
  containerStatuses?: ContainerStatus[] | undefined;
  initContainerStatuses?: ContainerStatus[] | undefined;
}

export interface Pod extends KubeObject {
  spec: PodSpec;
  status: PodStatus;
}

export interface PodTemplate {
  metadata: Pick<ObjectMeta, 'labels' | 'annotations'> & { finalizers?: string[] | undefined };
  spec: PodSpec;
}

export interface DeploymentStatus {
  observedGeneration?: number | undefined;
  replicas?: number | undefined;
  updatedReplicas?: number | undefined;
  readyReplicas?: number | undefined;
  availableReplicas?: number | undefined;
  unavailableReplicas?: number | undefined;
  conditions?: Condition[] | undefined;
}

export interface Deployment extends KubeObject {
  spec: {
    replicas: number;
    selector: LabelSelector;
    template: PodTemplate;
    strategy: {
      type: 'RollingUpdate' | 'Recreate';
      rollingUpdate?: { maxSurge?: number | string; maxUnavailable?: number | string } | undefined;
    };
    minReadySeconds?: number | undefined;
    revisionHistoryLimit: number;
    progressDeadlineSeconds: number;
    paused?: boolean | undefined;
  };
  status: DeploymentStatus;
}

export interface ReplicaSet extends KubeObject {
  spec: { replicas: number; selector: LabelSelector; template: PodTemplate; minReadySeconds?: number | undefined };
  status: {
    replicas: number;
    fullyLabeledReplicas?: number | undefined;
    readyReplicas?: number | undefined;
    availableReplicas?: number | undefined;
    observedGeneration?: number | undefined;
    conditions?: Condition[] | undefined;
  };
}

type ClaimRetention = 'Retain' | 'Delete';

/** A template that a StatefulSet has or had, as the patch that brings it back. */
export interface ControllerRevision extends KubeObject {
  data: { spec: { template: PodTemplate & { $patch: 'replace' } } };
  revision: number;
}

export interface StatefulSet extends KubeObject {
  spec: {
    replicas: number;
    selector: LabelSelector;
    template: PodTemplate;
    serviceName?: string | undefined;
    podManagementPolicy?: 'OrderedReady' | 'Parallel' | undefined;
    updateStrategy: { type: 'RollingUpdate' | 'OnDelete'; rollingUpdate?: { partition?: number } | undefined };
    revisionHistoryLimit?: number | undefined;
    minReadySeconds?: number | undefined;
    ordinals?: { start?: number | undefined } | undefined;
    persistentVolumeClaimRetentionPolicy?: { whenDeleted?: ClaimRetention; whenScaled?: ClaimRetention } | undefined;
    volumeClaimTemplates?: { metadata: { name: string; labels?: Labels }; spec: Record<string, unknown> }[] | undefined;
  };
  status: {
    replicas: number;
    observedGeneration?: number | undefined;
    readyReplicas?: number | undefined;
    availableReplicas?: number | undefined;
    currentReplicas?: number | undefined;
    updatedReplicas?: number | undefined;
    currentRevision?: string | undefined;
    updateRevision?: string | undefined;
    collisionCount?: number | undefined;
  };
}

export interface Job extends KubeObject {
  spec: {
    parallelism: number;
    completions?: number | undefined;
    backoffLimit: number;
    activeDeadlineSeconds?: number | undefined;
    ttlSecondsAfterFinished?: number | undefined;
    suspend?: boolean | undefined;
    selector: LabelSelector;
    template: PodTemplate;
  };
  status: {
    startTime?: string | undefined;
    completionTime?: string | undefined;
    active?: number | undefined;
    ready?: number | undefined;
    terminating?: number | undefined;
    succeeded?: number | undefined;
    failed?: number | undefined;
    conditions?: Condition[] | undefined;
    uncountedTerminatedPods?: Record<string, string[]> | undefined;
  };
}
