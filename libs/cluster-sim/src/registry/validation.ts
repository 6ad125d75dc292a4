import {
  type FieldProblem,
  forbiddenField,
  invalidValue,
  requiredValue,
  unsupportedValue,
  duplicateValue,
} from '../objects/api-error';
import {
  type PersistentVolume,
  type PersistentVolumeClaim,
  type Secret,
  type Service,
  type StorageClass,
} from '../objects/cluster-objects';
import { isObject, type Json, same } from '../objects/json';
import { type KubeObject, type LabelSelector } from '../objects/kube-object';
import { wholeUnits } from '../objects/quantity';
import { selects } from '../objects/selector';
import { type Deployment, type Job, type Pod, type PodTemplate, type ReplicaSet, type StatefulSet } from '../objects/workloads';
import { clusterRoleBindingProblems, clusterRoleProblems } from './access-validation';
import { labelProblems, nameProblems, rfc1123Label } from './names';
import { networkPolicyProblems } from './network-policy-validation';
import { podSpecProblems, portProblems, PROTOCOLS } from './pod-validation';

/**
 * What is wrong with an object, all of it, in the words of Kubernetes. `before` is the stored object when this is an update.
 * A modest set of the real rules: those that a client of this cluster can meet.
 */
export const problemsOf = (object: KubeObject, before: KubeObject | undefined): FieldProblem[] => [
  ...nameProblems(object.kind, object.metadata.name),
  ...labelProblems(object.metadata.labels, 'metadata.labels'),
  ...(RULES[object.kind]?.(object, before) ?? []),
];

const IMMUTABLE = 'field is immutable';

const immutable = (now: unknown, before: unknown, field: string): FieldProblem[] =>
  same(now, before) ? [] : [invalidValue(field, now, IMMUTABLE)];

const nonNegative = (value: number | undefined, field: string): FieldProblem[] =>
  value !== undefined && value < 0 ? [invalidValue(field, value, 'must be greater than or equal to 0')] : [];

const templateProblems = (
  template: PodTemplate,
  selector: LabelSelector | undefined,
  supported: string[],
  claims: readonly string[] = [],
): FieldProblem[] => {
  const { metadata, spec } = template as Partial<PodTemplate>;
  const problems: FieldProblem[] = [];
  if (selector && Object.keys(selector.matchLabels ?? {}).length + (selector.matchExpressions ?? []).length === 0) {
    problems.push(invalidValue('spec.selector', selector, 'empty selector is invalid for deployment'));
  } else if (!selector) problems.push(requiredValue('spec.selector'));
  else if (!selects(selector, metadata?.labels)) {
    problems.push(
      invalidValue('spec.template.metadata.labels', metadata?.labels ?? {}, '`selector` does not match template `labels`'),
    );
  }
  problems.push(...labelProblems(metadata?.labels, 'spec.template.labels'));
  problems.push(...podSpecProblems(spec ?? { containers: [] }, 'spec.template.spec', claims));
  const restartPolicy = spec?.restartPolicy;
  if (restartPolicy && !supported.includes(restartPolicy)) {
    problems.push(unsupportedValue('spec.template.spec.restartPolicy', restartPolicy, supported));
  }
  return problems;
};

const deployment = (object: KubeObject, before: KubeObject | undefined): FieldProblem[] => {
  const { spec } = object as Deployment;
  const problems = [
    ...nonNegative(spec.replicas, 'spec.replicas'),
    ...templateProblems(spec.template, spec.selector, ['Always']),
    ...(before ? immutable(spec.selector, (before as Deployment).spec.selector, 'spec.selector') : []),
  ];
  const { type, rollingUpdate } = spec.strategy;
  if (!['Recreate', 'RollingUpdate'].includes(type)) {
    problems.push(unsupportedValue('spec.strategy.type', type, ['Recreate', 'RollingUpdate']));
  }
  if (type === 'Recreate' && rollingUpdate) {
    problems.push(forbiddenField('spec.strategy.rollingUpdate', "may not be specified when strategy `type` is 'Recreate'"));
  }
  for (const field of ['maxSurge', 'maxUnavailable'] as const) {
    const value = rollingUpdate?.[field];
    if (typeof value === 'string' && !/^\d+%$/.test(value)) {
      problems.push(
        invalidValue(
          `spec.strategy.rollingUpdate.${field}`,
          value,
          "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')",
        ),
      );
    }
  }
  const isZero = (value: number | string | undefined): boolean => value === 0 || value === '0%';
  if (isZero(rollingUpdate?.maxSurge) && isZero(rollingUpdate?.maxUnavailable)) {
    const field = 'spec.strategy.rollingUpdate.maxUnavailable';
    problems.push(invalidValue(field, rollingUpdate?.maxUnavailable, 'may not be 0 when `maxSurge` is 0'));
  }
  return problems;
};

const replicaSet = (object: KubeObject, before: KubeObject | undefined): FieldProblem[] => {
  const { spec } = object as ReplicaSet;
  return [
    ...nonNegative(spec.replicas, 'spec.replicas'),
    ...templateProblems(spec.template, spec.selector, ['Always']),
    ...(before ? immutable(spec.selector, (before as ReplicaSet).spec.selector, 'spec.selector') : []),
  ];
};

const MUTABLE_STATEFUL_FIELDS = [
  'replicas',
  'ordinals',
  'template',
  'updateStrategy',
  'revisionHistoryLimit',
  'persistentVolumeClaimRetentionPolicy',
  'minReadySeconds',
];

const statefulSet = (object: KubeObject, before: KubeObject | undefined): FieldProblem[] => {
  const { spec } = object as StatefulSet;
  const claims = (spec.volumeClaimTemplates ?? []).map(({ metadata }) => metadata.name);
  const fixed = (each: KubeObject): object =>
    Object.fromEntries(Object.entries((each as StatefulSet).spec).filter(([field]) => !MUTABLE_STATEFUL_FIELDS.includes(field)));
  return [
    ...nonNegative(spec.replicas, 'spec.replicas'),
    ...templateProblems(spec.template, spec.selector, ['Always'], claims),
    ...(before && !same(fixed(object), fixed(before))
      ? [
          forbiddenField(
            'spec',
            "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
          ),
        ]
      : []),
  ];
};

const job = (object: KubeObject, before: KubeObject | undefined): FieldProblem[] => {
  const { spec } = object as Job;
  const problems = [
    ...nonNegative(spec.parallelism, 'spec.parallelism'),
    ...nonNegative(spec.completions, 'spec.completions'),
    ...nonNegative(spec.backoffLimit, 'spec.backoffLimit'),
    ...templateProblems(spec.template, spec.selector, ['OnFailure', 'Never']),
  ];
  if (!before) return problems;
  const old = (before as Job).spec;
  return [
    ...problems,
    ...immutable(spec.completions, old.completions, 'spec.completions'),
    ...immutable(spec.selector, old.selector, 'spec.selector'),
    ...immutable(spec.template, old.template, 'spec.template'),
  ];
};

const POD_UPDATE =
  'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)';

const pod = (object: KubeObject, before: KubeObject | undefined): FieldProblem[] => {
  const problems = podSpecProblems((object as Pod).spec, 'spec');
  if (!before) return problems;
  const frozen = ({ spec }: Pod): object => ({
    ...spec,
    activeDeadlineSeconds: null,
    tolerations: null,
    containers: spec.containers.map((container) => ({ ...container, image: null })),
    initContainers: (spec.initContainers ?? []).map((container) => ({ ...container, image: null })),
  });
  return same(frozen(object as Pod), frozen(before as Pod)) ? problems : [...problems, forbiddenField('spec', POD_UPDATE)];
};

const SERVICE_TYPES = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];

const service = (object: KubeObject, before: KubeObject | undefined): FieldProblem[] => {
  const { spec } = object as Service;
  const problems: FieldProblem[] = [];
  if (spec.type && !SERVICE_TYPES.includes(spec.type)) problems.push(unsupportedValue('spec.type', spec.type, SERVICE_TYPES));
  const ports = spec.ports ?? [];
  if (ports.length === 0 && spec.type !== 'ExternalName' && spec.clusterIP !== 'None') problems.push(requiredValue('spec.ports'));
  if (spec.type === 'ExternalName' && !spec.externalName) problems.push(requiredValue('spec.externalName'));
  ports.forEach((port, index) => {
    const at = `spec.ports[${index}]`;
    problems.push(...portProblems(port.port, `${at}.port`));
    if (ports.length > 1 && !port.name) problems.push(requiredValue(`${at}.name`));
    if (port.name)
      problems.push(...(rfc1123Label(port.name) ? [invalidValue(`${at}.name`, port.name, rfc1123Label(port.name)!)] : []));
    if (port.protocol && !PROTOCOLS.includes(port.protocol)) {
      problems.push(unsupportedValue(`${at}.protocol`, port.protocol, PROTOCOLS));
    }
    if (typeof port.targetPort === 'number') problems.push(...portProblems(port.targetPort, `${at}.targetPort`));
    const earlier = ports.slice(0, index);
    if (port.name && earlier.some(({ name }) => name === port.name)) problems.push(duplicateValue(`${at}.name`, port.name));
    if (earlier.some((other) => other.port === port.port && other.protocol === port.protocol)) {
      problems.push(duplicateValue(at, { port: port.port, protocol: port.protocol }));
    }
    if (port.nodePort && (spec.type === 'ClusterIP' || spec.type === 'ExternalName')) {
      problems.push(forbiddenField(`${at}.nodePort`, `may not be used when \`type\` is '${spec.type}'`));
    }
  });
  const old = (before as Service | undefined)?.spec;
  if (old?.clusterIP && old.clusterIP !== spec.clusterIP && old.type !== 'ExternalName' && spec.type !== 'ExternalName') {
    problems.push(invalidValue('spec.clusterIPs[0]', [spec.clusterIP ?? ''], 'may not change once set'));
  }
  return problems;
};

const MAX_DATA_BYTES = 1024 * 1024;

const keyedData = (object: KubeObject, before: KubeObject | undefined): FieldProblem[] => {
  const data = {
    ...(object.data as Record<string, string> | undefined),
    ...(object.binaryData as Record<string, string> | undefined),
  };
  const problems: FieldProblem[] = [];
  let bytes = 0;
  for (const [key, value] of Object.entries<string>(data)) {
    bytes += value.length;
    if (key.length > 253 || !/^[-._a-zA-Z0-9]+$/.test(key)) {
      problems.push(
        invalidValue(
          `data[${key}]`,
          key,
          "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
        ),
      );
    }
  }
  if (bytes > MAX_DATA_BYTES)
    problems.push({
      field: 'data',
      reason: 'FieldValueInvalid',
      message: `Too long: may not be more than ${MAX_DATA_BYTES} bytes`,
    });
  if (before?.immutable === true && !same([object.data, object.binaryData], [before.data, before.binaryData])) {
    problems.push(forbiddenField('data', 'field is immutable when `immutable` is set'));
  }
  return problems;
};

/** What a Secret of a type must say, beside what any Secret may. */
const secretTypes: Readonly<Record<string, (secret: Secret) => FieldProblem[]>> = {
  'kubernetes.io/dockerconfigjson': ({ data }) => {
    const value = data?.['.dockerconfigjson'];
    if (value === undefined) return [requiredValue('data[.dockerconfigjson]')];
    try {
      JSON.parse(Buffer.from(value, 'base64').toString());
      return [];
    } catch {
      return [invalidValue('data[.dockerconfigjson]', '<secret contents redacted>', 'invalid character')];
    }
  },
  'kubernetes.io/service-account-token': ({ metadata }) =>
    metadata.annotations?.['kubernetes.io/service-account.name']
      ? []
      : [requiredValue('metadata.annotations[kubernetes.io/service-account.name]')],
};

const secret = (object: KubeObject, before: KubeObject | undefined): FieldProblem[] => [
  ...keyedData(object, before),
  ...(secretTypes[(object as Secret).type ?? '']?.(object) ?? []),
  ...(before ? immutable((object as Secret).type, (before as Secret).type, 'type') : []),
];

const claim = (object: KubeObject, before: KubeObject | undefined): FieldProblem[] => {
  const { spec } = object as PersistentVolumeClaim;
  const problems: FieldProblem[] = [];
  if ((spec.accessModes ?? []).length === 0) {
    problems.push(requiredValue('spec.accessModes', 'at least 1 access mode is required'));
  }
  problems.push(...accessModeProblems(spec.accessModes));
  if (!spec.resources?.requests?.storage) problems.push(requiredValue('spec.resources[storage]'));
  if (before) problems.push(...resizeProblems(object as PersistentVolumeClaim, before as PersistentVolumeClaim));
  const old = (before as PersistentVolumeClaim | undefined)?.spec;
  const fixed = (each: PersistentVolumeClaim['spec']): object => ({ ...each, resources: null, volumeName: null });
  if (old && !same(fixed(spec), fixed(old))) {
    problems.push(forbiddenField('spec', CLAIM_IS_IMMUTABLE));
  }
  return problems;
};

const ACCESS_MODES = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'];

const accessModeProblems = (modes: readonly string[] = []): FieldProblem[] =>
  modes.filter((mode) => !ACCESS_MODES.includes(mode)).map((mode) => unsupportedValue('spec.accessModes', mode, ACCESS_MODES));

/** Volumes only grow, and only where there is one. */
const resizeProblems = ({ spec }: PersistentVolumeClaim, before: PersistentVolumeClaim): FieldProblem[] => {
  const wanted = wholeUnits(spec.resources?.requests?.storage);
  const had = wholeUnits(before.spec.resources?.requests?.storage);
  if (wanted === had) return [];
  if (before.status.phase !== 'Bound') return [forbiddenField('spec', CLAIM_IS_IMMUTABLE)];
  if (wanted >= wholeUnits(before.status.capacity?.storage)) return [];
  return [forbiddenField('spec.resources.requests.storage', 'field can not be less than status.capacity')];
};

const CLAIM_IS_IMMUTABLE =
  'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims';

const volume = (object: KubeObject): FieldProblem[] => {
  const { spec } = object as PersistentVolume;
  return [
    ...((spec.accessModes ?? []).length === 0 ? [requiredValue('spec.accessModes')] : accessModeProblems(spec.accessModes)),
    ...(spec.capacity?.storage ? [] : [requiredValue('spec.capacity')]),
  ];
};

const storageClass = (object: KubeObject, before: KubeObject | undefined): FieldProblem[] => {
  const { provisioner, parameters, reclaimPolicy, volumeBindingMode } = object as StorageClass;
  const modes = ['Immediate', 'WaitForFirstConsumer'];
  const old = before as StorageClass | undefined;
  return [
    ...(provisioner ? [] : [requiredValue('provisioner')]),
    ...(modes.includes(volumeBindingMode ?? '') ? [] : [unsupportedValue('volumeBindingMode', volumeBindingMode, modes)]),
    ...(old && (provisioner !== old.provisioner || !same(parameters, old.parameters))
      ? [forbiddenField('parameters', 'updates to parameters are forbidden.')]
      : []),
    ...(old ? immutable(reclaimPolicy, old.reclaimPolicy, 'reclaimPolicy') : []),
  ];
};

const ingress = (object: KubeObject): FieldProblem[] => {
  const { rules, defaultBackend } = isObject(object.spec) ? object.spec : {};
  const paths = Array.isArray(rules) ? rules.flatMap((rule, n) => pathsOf(rule, `spec.rules[${n}]`)) : [];
  const types = ['Exact', 'Prefix', 'ImplementationSpecific'];
  return [
    ...(rules || defaultBackend ? [] : [requiredValue('spec')]),
    ...paths.flatMap(({ path, pathType, field }) => [
      ...(types.includes(pathType as string) ? [] : [unsupportedValue(`${field}.pathType`, pathType, types)]),
      ...(pathType === 'ImplementationSpecific' || (typeof path === 'string' && path.startsWith('/'))
        ? []
        : [invalidValue(`${field}.path`, path, 'must be an absolute path')]),
    ]),
  ];
};

const pathsOf = (rule: Json, field: string): IngressPath[] => {
  const http = isObject(rule) && isObject(rule.http) ? rule.http : {};
  const paths = Array.isArray(http.paths) ? http.paths.filter(isObject) : [];
  return paths.map(({ path, pathType }, n) => ({ path, pathType, field: `${field}.http.paths[${n}]` }));
};

interface IngressPath {
  readonly path: Json | undefined;
  readonly pathType: Json | undefined;
  readonly field: string;
}

const podDisruptionBudget = (object: KubeObject): FieldProblem[] => {
  const { minAvailable, maxUnavailable } = isObject(object.spec) ? object.spec : {};
  return minAvailable !== undefined && maxUnavailable !== undefined
    ? [invalidValue('spec', 'minAvailable, maxUnavailable', 'minAvailable and maxUnavailable cannot be both set')]
    : [];
};

const RULES: Readonly<Record<string, (object: KubeObject, before: KubeObject | undefined) => FieldProblem[]>> = {
  Deployment: deployment,
  ReplicaSet: replicaSet,
  StatefulSet: statefulSet,
  Job: job,
  Pod: pod,
  Service: service,
  Secret: secret,
  ConfigMap: keyedData,
  PersistentVolumeClaim: claim,
  PersistentVolume: volume,
  StorageClass: storageClass,
  NetworkPolicy: networkPolicyProblems,
  Ingress: ingress,
  PodDisruptionBudget: podDisruptionBudget,
  ClusterRole: clusterRoleProblems,
  ClusterRoleBinding: clusterRoleBindingProblems,
};
