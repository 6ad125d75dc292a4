import { type Condition, type KubeObject, type Labels } from './kube-object';

export interface Namespace extends KubeObject {
  spec: { finalizers?: string[] | undefined };
  status: { phase: 'Active' | 'Terminating'; conditions?: Condition[] | undefined };
}

export interface Node extends KubeObject {
  spec: {
    podCIDR?: string | undefined;
    unschedulable?: boolean | undefined;
    taints?: { key: string; value?: string; effect: string }[] | undefined;
  };
  status: {
    capacity: Labels;
    allocatable: Labels;
    addresses: { type: string; address: string }[];
    conditions: Condition[];
    nodeInfo: Labels;
  };
}

export interface ServicePort {
  name?: string | undefined;
  protocol?: string | undefined;
  port: number;
  targetPort?: number | string | undefined;
  nodePort?: number | undefined;
}

export interface Service extends KubeObject {
  spec: {
    type?: 'ClusterIP' | 'NodePort' | 'LoadBalancer' | 'ExternalName' | undefined;
    selector?: Labels | undefined;
    clusterIP?: string | undefined;
    clusterIPs?: string[] | undefined;
    ports?: ServicePort[] | undefined;
    externalName?: string | undefined;
    publishNotReadyAddresses?: boolean | undefined;
    loadBalancerIP?: string | undefined;
  };
  status: { loadBalancer: { ingress?: { ip?: string }[] } };
}

export interface Secret extends KubeObject {
  type?: string | undefined;
  data?: Labels | undefined;
}

/** What is allowed: every verb on every resource of every group that is named. */
export interface PolicyRule {
  verbs: string[];
  apiGroups?: string[] | undefined;
  resources?: string[] | undefined;
  resourceNames?: string[] | undefined;
  nonResourceURLs?: string[] | undefined;
}

export interface ClusterRole extends KubeObject {
  rules?: PolicyRule[] | undefined;
}

export interface ClusterRoleBinding extends KubeObject {
  subjects?: { kind: string; apiGroup?: string; name: string; namespace?: string }[] | undefined;
  roleRef: { apiGroup: string; kind: string; name: string };
}

export interface ConfigMap extends KubeObject {
  data?: Labels | undefined;
  binaryData?: Labels | undefined;
}

export interface ResourceQuota extends KubeObject {
  spec: { hard?: Labels | undefined };
  status: { hard?: Labels | undefined; used?: Labels | undefined };
}

export interface PersistentVolumeClaim extends KubeObject {
  spec: {
    accessModes?: string[] | undefined;
    resources?: { requests?: Labels } | undefined;
    storageClassName?: string | undefined;
    volumeName?: string | undefined;
    volumeMode?: string | undefined;
  };
  status: { phase: 'Pending' | 'Bound' | 'Lost'; accessModes?: string[] | undefined; capacity?: Labels | undefined };
}

export interface PersistentVolume extends KubeObject {
  spec: {
    capacity?: Labels | undefined;
    accessModes?: string[] | undefined;
    persistentVolumeReclaimPolicy?: 'Delete' | 'Retain' | undefined;
    storageClassName?: string | undefined;
    volumeMode?: string | undefined;
    claimRef?: { apiVersion?: string; kind?: string; namespace: string; name: string; uid?: string | undefined } | undefined;
  };
  status: { phase: 'Available' | 'Bound' | 'Released' };
}

export interface StorageClass extends KubeObject {
  provisioner: string;
  parameters?: Labels | undefined;
  reclaimPolicy?: 'Delete' | 'Retain' | undefined;
  volumeBindingMode?: 'Immediate' | 'WaitForFirstConsumer' | undefined;
  allowVolumeExpansion?: boolean | undefined;
}

export interface ObjectReference {
  apiVersion?: string | undefined;
  kind: string;
  namespace?: string | undefined;
  name: string;
  uid?: string | undefined;
  resourceVersion?: string | undefined;
  fieldPath?: string | undefined;
}

/** core/v1 Event. */
export interface ClusterEvent extends KubeObject {
  involvedObject: ObjectReference;
  reason: string;
  message: string;
  type: 'Normal' | 'Warning';
  source: { component: string; host?: string | undefined };
  count: number;
  firstTimestamp: string;
  lastTimestamp: string;
}
