import { type Secret, type Service } from '../objects/cluster-objects';
import { isObject, type JsonObject } from '../objects/json';
import { type KubeObject } from '../objects/kube-object';
import { type Deployment, type Job, type Pod, type ReplicaSet, type StatefulSet } from '../objects/workloads';

/** Fills in what Kubernetes fills in (pkg/apis/<group>/v1/defaults.go). Changes the object; whoever calls owns it. */
export const applyDefaults = (object: KubeObject): void => {
  DEFAULTS[object.kind]?.(object);
};

const fill = (target: object, defaults: Record<string, unknown>): void => {
  const fields = target as Record<string, unknown>;
  for (const [field, value] of Object.entries(defaults)) fields[field] ??= value;
};

const part = (object: object, field: string): JsonObject => {
  const fields = object as Record<string, unknown>;
  fields[field] ??= {};
  return fields[field] as JsonObject;
};

const objectsIn = (list: unknown): JsonObject[] => (Array.isArray(list) ? list.filter(isObject) : []);

const podSpec = (spec: JsonObject): void => {
  fill(spec, {
    restartPolicy: 'Always',
    terminationGracePeriodSeconds: 30,
    dnsPolicy: 'ClusterFirst',
    securityContext: {},
    schedulerName: 'default-scheduler',
  });
  if (spec.serviceAccountName) fill(spec, { serviceAccount: spec.serviceAccountName });
  for (const container of [...objectsIn(spec.containers), ...objectsIn(spec.initContainers)]) {
    containerDefaults(container, spec.hostNetwork === true);
  }
  for (const volume of objectsIn(spec.volumes)) {
    for (const source of ['secret', 'configMap', 'projected', 'downwardAPI']) {
      if (isObject(volume[source])) fill(volume[source], { defaultMode: 420 });
    }
  }
};

const containerDefaults = (container: JsonObject, hostNetwork: boolean): void => {
  const image = typeof container.image === 'string' ? container.image : '';
  const tag = /:([^/@]+)(@|$)/.exec(image)?.[1];
  const latest = !image.includes('@') && (tag === undefined || tag === 'latest');
  fill(container, {
    resources: {},
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
    imagePullPolicy: latest ? 'Always' : 'IfNotPresent',
  });
  for (const port of objectsIn(container.ports)) {
    fill(port, { protocol: 'TCP' });
    if (hostNetwork && port.containerPort !== undefined) fill(port, { hostPort: port.containerPort });
  }
  for (const variable of objectsIn(container.env)) {
    const from = isObject(variable.valueFrom) ? variable.valueFrom : {};
    if (isObject(from.fieldRef)) fill(from.fieldRef, { apiVersion: 'v1' });
  }
  for (const probe of ['livenessProbe', 'readinessProbe', 'startupProbe']) {
    if (!isObject(container[probe])) continue;
    fill(container[probe], { timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3 });
    if (isObject(container[probe].httpGet)) fill(container[probe].httpGet, { path: '/', scheme: 'HTTP' });
  }
};

const template = (owner: KubeObject): void => {
  podSpec(part(part(part(owner, 'spec'), 'template'), 'spec'));
};

const DEFAULTS: Readonly<Record<string, (object: KubeObject) => void>> = {
  Pod: (object) => {
    const spec = part(object, 'spec');
    fill(spec, { serviceAccountName: 'default', enableServiceLinks: true });
    podSpec(spec);
    for (const container of [...objectsIn(spec.containers), ...objectsIn(spec.initContainers)]) {
      // A limit without a request is a request too; only in pods, not in templates.
      const resources = part(container, 'resources');
      if (isObject(resources.limits)) fill(part(resources, 'requests'), resources.limits);
    }
    fill(object, { status: { phase: 'Pending', qosClass: qosClass(object as Pod) } });
  },
  Deployment: (object) => {
    template(object);
    const { spec } = object as Deployment;
    fill(spec, { replicas: 1, strategy: {}, revisionHistoryLimit: 10, progressDeadlineSeconds: 600 });
    fill(spec.strategy, { type: 'RollingUpdate' });
    if (spec.strategy.type === 'RollingUpdate')
      fill(part(spec.strategy, 'rollingUpdate'), { maxSurge: '25%', maxUnavailable: '25%' });
    fill(object, { status: {} });
  },
  ReplicaSet: (object) => {
    template(object);
    fill((object as ReplicaSet).spec, { replicas: 1 });
    fill(object, { status: { replicas: 0 } });
  },
  StatefulSet: (object) => {
    template(object);
    const { spec } = object as StatefulSet;
    fill(spec, {
      replicas: 1,
      podManagementPolicy: 'OrderedReady',
      updateStrategy: {},
      revisionHistoryLimit: 10,
      serviceName: '',
    });
    fill(spec.updateStrategy, { type: 'RollingUpdate' });
    if (spec.updateStrategy.type === 'RollingUpdate') fill(part(spec.updateStrategy, 'rollingUpdate'), { partition: 0 });
    fill(part(spec, 'persistentVolumeClaimRetentionPolicy'), { whenDeleted: 'Retain', whenScaled: 'Retain' });
    for (const claim of spec.volumeClaimTemplates ?? []) fill(part(claim, 'spec'), { volumeMode: 'Filesystem' });
    fill(object, { status: { replicas: 0, availableReplicas: 0 } });
  },
  Job: (object) => {
    template(object);
    const { spec } = object as Job;
    if (spec.completions === undefined)
      fill(spec, (spec as { parallelism?: number }).parallelism === undefined ? { completions: 1 } : {});
    fill(spec, {
      parallelism: 1,
      backoffLimit: 6,
      completionMode: 'NonIndexed',
      suspend: false,
      podReplacementPolicy: 'TerminatingOrFailed',
    });
    fill(object, { status: {} });
  },
  Service: (object) => {
    part(object, 'spec');
    const { spec } = object as Service;
    fill(spec, { type: 'ClusterIP', sessionAffinity: 'None' });
    if (spec.type !== 'ExternalName') fill(spec, { internalTrafficPolicy: 'Cluster' });
    if (spec.type === 'NodePort' || spec.type === 'LoadBalancer') fill(spec, { externalTrafficPolicy: 'Cluster' });
    for (const port of spec.ports ?? []) fill(port, { protocol: 'TCP', targetPort: port.port });
    fill(object, { status: { loadBalancer: {} } });
  },
  Namespace: (object) => {
    fill(part(object, 'spec'), { finalizers: ['kubernetes'] });
    const labels = (object.metadata.labels ??= {});
    labels['kubernetes.io/metadata.name'] = object.metadata.name;
    fill(object, { status: { phase: 'Active' } });
  },
  Secret: (object) => {
    fill(object, { type: 'Opaque' });
    encodeStringData(object);
  },
  PersistentVolumeClaim: (object) => {
    fill(part(object, 'spec'), { volumeMode: 'Filesystem' });
    fill(object, { status: { phase: 'Pending' } });
  },
  PersistentVolume: (object) => {
    fill(part(object, 'spec'), { persistentVolumeReclaimPolicy: 'Retain', volumeMode: 'Filesystem' });
    fill(object, { status: { phase: 'Available' } });
  },
  StorageClass: (object) => {
    fill(object, { reclaimPolicy: 'Delete', volumeBindingMode: 'Immediate' });
  },
  ResourceQuota: (object) => {
    part(object, 'spec');
    fill(object, { status: {} });
  },
  Node: (object) => {
    part(object, 'spec');
    fill(part(object, 'status'), { capacity: {}, allocatable: {}, addresses: [], conditions: [], nodeInfo: {} });
  },
  NetworkPolicy: (object) => {
    const spec = part(object, 'spec');
    fill(spec, { policyTypes: ['Ingress', ...(spec.egress ? ['Egress'] : [])] });
  },
};

/** `stringData` is write-only: it goes, encoded, into `data`. */
export const encodeStringData = (object: KubeObject): void => {
  const secret = object as Secret & { stringData?: Record<string, string> };
  if (!secret.stringData) return;
  const encoded = Object.entries(secret.stringData).map(([key, text]) => [key, Buffer.from(text).toString('base64')]);
  secret.data = { ...secret.data, ...(Object.fromEntries(encoded) as Record<string, string>) };
  delete secret.stringData;
};

export const qosClass = ({ spec }: Pod): string => {
  const all = spec.containers.map(({ resources }) => resources ?? {});
  if (all.every(({ requests, limits }) => !requests && !limits)) return 'BestEffort';
  const guaranteed = all.every(({ requests, limits }) =>
    ['cpu', 'memory'].every((name) => limits?.[name] !== undefined && (requests?.[name] ?? limits[name]) === limits[name]),
  );
  return guaranteed ? 'Guaranteed' : 'Burstable';
};
