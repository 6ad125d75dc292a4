import { badRequest } from '../objects/api-error';
import { isObject, type Json } from '../objects/json';
import { parseQuantity } from '../objects/quantity';

/** The JSON type of a field; what is not described is not looked at. */
type Shape = 'string' | 'int32' | 'int64' | 'bool' | 'stringMap' | 'object' | 'intOrString' | 'quantities' | [Shape] | Fields;
interface Fields {
  readonly [field: string]: Shape;
}

const META: Fields = {
  name: 'string',
  generateName: 'string',
  namespace: 'string',
  uid: 'string',
  resourceVersion: 'string',
  labels: 'stringMap',
  annotations: 'stringMap',
  finalizers: ['string'],
  ownerReferences: [{ apiVersion: 'string', kind: 'string', name: 'string', uid: 'string', controller: 'bool' }],
  managedFields: [{ manager: 'string', operation: 'string', fieldsV1: 'object' }],
};
const SELECTOR: Fields = {
  matchLabels: 'stringMap',
  matchExpressions: [{ key: 'string', operator: 'string', values: ['string'] }],
};
const KEY_REFERENCE: Fields = { name: 'string', key: 'string', optional: 'bool' };
const SOURCE_REFERENCE: Fields = { name: 'string', optional: 'bool' };
const CONTAINER: Fields = {
  name: 'string',
  image: 'string',
  command: ['string'],
  args: ['string'],
  env: [{ name: 'string', value: 'string', valueFrom: { secretKeyRef: KEY_REFERENCE, configMapKeyRef: KEY_REFERENCE } }],
  envFrom: [{ secretRef: SOURCE_REFERENCE, configMapRef: SOURCE_REFERENCE }],
  ports: [{ name: 'string', containerPort: 'int32', hostPort: 'int32', protocol: 'string' }],
  resources: { requests: 'quantities', limits: 'quantities' },
  volumeMounts: [{ name: 'string', mountPath: 'string', readOnly: 'bool' }],
  imagePullPolicy: 'string',
};
const POD: Fields = {
  containers: [CONTAINER],
  initContainers: [CONTAINER],
  volumes: [
    {
      name: 'string',
      secret: { secretName: 'string', optional: 'bool', items: [{ key: 'string' }] },
      configMap: { name: 'string', optional: 'bool', items: [{ key: 'string' }] },
      persistentVolumeClaim: { claimName: 'string' },
    },
  ],
  restartPolicy: 'string',
  nodeName: 'string',
  nodeSelector: 'stringMap',
  hostNetwork: 'bool',
  serviceAccountName: 'string',
  terminationGracePeriodSeconds: 'int64',
  tolerations: [{ key: 'string', operator: 'string', value: 'string', effect: 'string' }],
  affinity: {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchExpressions: [{ key: 'string', operator: 'string', values: ['string'] }] }],
      },
    },
  },
  topologySpreadConstraints: [{ maxSkew: 'int32', topologyKey: 'string', whenUnsatisfiable: 'string', labelSelector: SELECTOR }],
};
const TEMPLATE: Fields = { metadata: META, spec: POD };

const SHAPES: Readonly<Record<string, Fields>> = {
  Pod: { spec: POD },
  Deployment: {
    spec: {
      replicas: 'int32',
      selector: SELECTOR,
      template: TEMPLATE,
      strategy: { type: 'string', rollingUpdate: { maxSurge: 'intOrString', maxUnavailable: 'intOrString' } },
      minReadySeconds: 'int32',
      revisionHistoryLimit: 'int32',
      progressDeadlineSeconds: 'int32',
      paused: 'bool',
    },
  },
  ReplicaSet: { spec: { replicas: 'int32', selector: SELECTOR, template: TEMPLATE, minReadySeconds: 'int32' } },
  StatefulSet: {
    spec: {
      replicas: 'int32',
      selector: SELECTOR,
      template: TEMPLATE,
      serviceName: 'string',
      podManagementPolicy: 'string',
      minReadySeconds: 'int32',
      revisionHistoryLimit: 'int32',
      ordinals: { start: 'int32' },
      persistentVolumeClaimRetentionPolicy: { whenDeleted: 'string', whenScaled: 'string' },
      updateStrategy: { type: 'string', rollingUpdate: { partition: 'int32' } },
      volumeClaimTemplates: [{ metadata: META, spec: 'object' }],
    },
  },
  Job: {
    spec: {
      parallelism: 'int32',
      completions: 'int32',
      backoffLimit: 'int32',
      activeDeadlineSeconds: 'int64',
      ttlSecondsAfterFinished: 'int32',
      suspend: 'bool',
      selector: SELECTOR,
      template: TEMPLATE,
    },
  },
  Service: {
    spec: {
      type: 'string',
      clusterIP: 'string',
      selector: 'stringMap',
      externalName: 'string',
      ports: [{ name: 'string', port: 'int32', protocol: 'string', targetPort: 'intOrString', nodePort: 'int32' }],
    },
  },
  Namespace: { spec: { finalizers: ['string'] } },
  Node: { spec: { unschedulable: 'bool', taints: [{ key: 'string', value: 'string', effect: 'string' }] } },
  Secret: { type: 'string', data: 'stringMap', stringData: 'stringMap', immutable: 'bool' },
  ConfigMap: { data: 'stringMap', binaryData: 'stringMap', immutable: 'bool' },
  ResourceQuota: { spec: { hard: 'quantities' } },
  PersistentVolumeClaim: {
    spec: {
      accessModes: ['string'],
      resources: { requests: 'quantities' },
      storageClassName: 'string',
      volumeName: 'string',
    },
  },
  PersistentVolume: {
    spec: {
      capacity: 'quantities',
      accessModes: ['string'],
      storageClassName: 'string',
      persistentVolumeReclaimPolicy: 'string',
      claimRef: { kind: 'string', namespace: 'string', name: 'string', uid: 'string' },
    },
  },
  StorageClass: {
    provisioner: 'string',
    parameters: 'stringMap',
    reclaimPolicy: 'string',
    volumeBindingMode: 'string',
    allowVolumeExpansion: 'bool',
  },
  ControllerRevision: { data: 'object', revision: 'int64' },
  Event: { involvedObject: { kind: 'string', namespace: 'string', name: 'string', uid: 'string' }, reason: 'string' },
  NetworkPolicy: { spec: { podSelector: SELECTOR, policyTypes: ['string'] } },
  Ingress: {
    spec: {
      ingressClassName: 'string',
      tls: [{ hosts: ['string'], secretName: 'string' }],
      rules: [{ host: 'string', http: { paths: [{ path: 'string', pathType: 'string', backend: 'object' }] } }],
    },
  },
  PodDisruptionBudget: { spec: { selector: SELECTOR, minAvailable: 'intOrString', maxUnavailable: 'intOrString' } },
  ClusterRole: {
    rules: [
      {
        verbs: ['string'],
        apiGroups: ['string'],
        resources: ['string'],
        resourceNames: ['string'],
        nonResourceURLs: ['string'],
      },
    ],
  },
  ClusterRoleBinding: {
    subjects: [{ kind: 'string', apiGroup: 'string', name: 'string', namespace: 'string' }],
    roleRef: { apiGroup: 'string', kind: 'string', name: 'string' },
  },
  Lease: { spec: { holderIdentity: 'string', leaseDurationSeconds: 'int32', renewTime: 'string' } },
};

/** Refuses, with 400 as a real API server does, JSON that the Go type of the kind could not hold. */
export const checkShape = (kind: string, version: string, object: Json): void => {
  const fields: Fields = { metadata: META, ...SHAPES[kind] };
  const fail = (why: string): never => {
    throw badRequest(`${kind} in version "${version}" cannot be handled as a ${kind}: ${why}`);
  };
  check(object, fields, kind, fail);
};

const check = (value: Json | undefined, shape: Shape, path: string, fail: (why: string) => never): void => {
  if (value === undefined || value === null) return;
  const mismatch = (type: string): never =>
    fail(`json: cannot unmarshal ${jsonType(value)} into Go struct field ${path} of type ${type}`);
  if (Array.isArray(shape)) {
    if (!Array.isArray(value)) return mismatch('[]');
    for (const item of value) {
      if (item === null) return mismatch('struct');
      check(item, shape[0], path, fail);
    }
    return;
  }
  if (typeof shape === 'object') {
    if (!isObject(value)) return mismatch('object');
    for (const field in shape) if (value[field] !== undefined) check(value[field], shape[field]!, `${path}.${field}`, fail);
    return;
  }
  switch (shape) {
    case 'string':
      return typeof value === 'string' ? undefined : mismatch('string');
    case 'bool':
      return typeof value === 'boolean' ? undefined : mismatch('bool');
    case 'int32':
    case 'int64':
      return Number.isInteger(value) ? undefined : mismatch(shape);
    case 'intOrString':
      return Number.isInteger(value) || typeof value === 'string' ? undefined : mismatch('intstr.IntOrString');
    case 'object':
      return isObject(value) ? undefined : mismatch('object');
    case 'stringMap':
      if (!isObject(value)) return mismatch('map[string]string');
      for (const inner of Object.values(value)) check(inner, 'string', path, fail);
      return;
    case 'quantities':
      if (!isObject(value)) return mismatch('v1.ResourceList');
      for (const inner of Object.values(value)) checkQuantity(inner, fail);
  }
};

const checkQuantity = (value: Json | undefined, fail: (why: string) => never): void => {
  const text = typeof value === 'string' || typeof value === 'number' ? value : undefined;
  if (parseQuantity(text) !== undefined) return;
  fail("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'");
};

const jsonType = (value: Json): string => {
  if (Array.isArray(value)) return 'array';
  return typeof value === 'boolean' ? 'bool' : typeof value;
};
