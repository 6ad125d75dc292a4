import { type JsonSchema, schemaOf } from '@souk/platform';
import {
  cloudNamePattern,
  containerPathPattern,
  cpuPattern,
  healthCheckRanges,
  hostPathPattern,
  imagePattern,
  memoryPattern,
  type NodeCategory,
  portRange,
  type Preset,
  presets,
  probePathPattern,
  type Range,
  replicaRange,
  reservedVariablePattern,
  serviceNamePattern,
  storageIdentifierPattern,
  storedSecretPattern,
  type TopologyNode,
  userIdRange,
  variableNamePattern,
} from '@souk/topology';
import { NodeDto } from './topology.dto';

type Field = keyof TopologyNode;

/** Fields that a node of this category has, and those of them that it needs. */
interface Kind {
  readonly fields: readonly Field[];
  readonly required: readonly Field[];
}

const inAny = ['serviceName', 'category', 'position'] as const;
const ofProcess = [
  ...inAny,
  ...(['image', 'cpu', 'memory', 'replicas', 'env', 'ports', 'serviceType', 'command', 'args', 'workingDirectory'] as const),
  ...(['userId', 'imagePullSecret', 'hostNetwork', 'hostPaths', 'storage', 'logDirectory'] as const),
] as const;
const checks = ['healthCheck', 'readinessCheck'] as const;

const kinds: Readonly<Record<NodeCategory, Kind>> = {
  custom: { fields: [...ofProcess, ...checks], required: ['image'] },
  'third-party': { fields: [...ofProcess, ...checks, 'preset'], required: ['preset'] },
  init: { fields: ofProcess, required: ['image'] },
  cloud: { fields: [...inAny, 'cloud'], required: ['cloud'] },
};

/**
 * JSON Schema of the settings of such a node: what fits it has no problems by itself, but for those that a schema has no words for (two values
 * that have to go together, what a reference refers to).
 */
export function nodeSchemaOf(category: NodeCategory): JsonSchema {
  const { fields, required } = kinds[category];
  const schema = schemaOf(NodeDto);
  const known = narrowed(schema.properties ?? {});
  return {
    ...schema,
    properties: {
      ...Object.fromEntries(Object.entries(known).filter(([field]) => fields.includes(field as Field))),
      category: { const: category },
      ...(category === 'init' && onceOnly),
      ...(category === 'third-party' && { preset: { type: 'string', enum: presets.map(({ name }) => name) } }),
    },
    required: [...(schema.required ?? []), ...required],
    ...(category !== 'cloud' &&
      category !== 'init' && { allOf: [...together(category), ...(category === 'custom' ? [] : presets.map(needsOf))] }),
  };
}

/** An init node ends: nobody calls it, and there is one of it. */
const onceOnly: Readonly<Record<string, JsonSchema>> = {
  replicas: { type: 'integer', const: 1 },
  ports: { type: 'array', maxItems: 0 },
  serviceType: { type: 'string', const: 'ClusterIP' },
  hostNetwork: { type: 'boolean', const: false },
};

/** The shapes of the DTOs with the values that make sense. */
function narrowed(fields: Readonly<Record<string, JsonSchema>>): Record<string, JsonSchema> {
  const within = (field: string, values: Readonly<Record<string, JsonSchema>>): JsonSchema => inside(fields[field]!, values);
  const check = (field: string): JsonSchema => ({ ...within(field, checkValues(fields[field]!)), ...oneWay });
  return {
    ...fields,
    serviceName: { ...fields['serviceName'], ...matching(serviceNamePattern) },
    image: { ...fields['image'], ...matching(imagePattern) },
    cpu: within('cpu', { request: matching(cpuPattern), limit: { ...matching(cpuPattern), ...positive } }),
    memory: within('memory', { request: matching(memoryPattern), limit: { ...matching(memoryPattern), ...positive } }),
    replicas: { ...fields['replicas'], ...between(replicaRange) },
    env: {
      ...fields['env'],
      propertyNames: { ...matching(variableNamePattern), not: matching(reservedVariablePattern) },
    },
    ports: each(fields['ports']!, { internal: between(portRange), external: between(portRange) }),
    workingDirectory: { ...fields['workingDirectory'], anyOf: [{ const: '/' }, matching(containerPathPattern)] },
    userId: { ...fields['userId'], ...between(userIdRange) },
    imagePullSecret: { ...fields['imagePullSecret'], ...matching(storedSecretPattern) },
    healthCheck: check('healthCheck'),
    readinessCheck: check('readinessCheck'),
    hostPaths: each(fields['hostPaths']!, { containerPath: matching(containerPathPattern), hostPath: matching(hostPathPattern) }),
    storage: each(fields['storage']!, {
      identifier: matching(storageIdentifierPattern),
      containerPath: matching(containerPathPattern),
      size: { ...matching(memoryPattern), ...positive },
    }),
    logDirectory: { ...fields['logDirectory'], ...matching(containerPathPattern) },
    cloud: within('cloud', { service: matching(cloudNamePattern), plan: matching(cloudNamePattern) }),
  };
}

function checkValues({ properties = {} }: JsonSchema): Record<string, JsonSchema> {
  return {
    ...Object.fromEntries(Object.entries(healthCheckRanges).map(([field, range]) => [field, between(range)])),
    http: inside(properties['http']!, { path: matching(probePathPattern), port: between(portRange) }),
    tcp: inside(properties['tcp']!, { port: between(portRange) }),
    command: { minItems: 1 },
  };
}

/** A health check asks in one way, or in none, which is that of the preset or TCP. */
const oneWay: JsonSchema = {
  not: { anyOf: [{ required: ['http', 'tcp'] }, { required: ['http', 'command'] }, { required: ['tcp', 'command'] }] },
};

/** How a node is reached: from outside by a port, and on its host's network at the host. */
function together(category: 'custom' | 'third-party'): JsonSchema[] {
  const reached = { properties: { serviceType: { enum: ['NodePort', 'LoadBalancer'] } }, required: ['serviceType'] };
  const port = { properties: { ports: { minItems: 1 } }, ...(category === 'custom' && { required: ['ports'] }) };
  const onHost = { properties: { hostNetwork: { const: true } }, required: ['hostNetwork'] };
  return [
    { if: reached, then: port },
    { if: onHost, then: { properties: { serviceType: { const: 'ClusterIP' } } } },
  ];
}

/** One reference to something secret. */
const secretReference: JsonSchema = { pattern: String.raw`^\$\{(?:secret|param)\.[A-Za-z][A-Za-z0-9_-]{0,62}\}$` };

/** The variables that a preset needs, and that secret ones of them are written as references. */
function needsOf({ name, variables }: Preset): JsonSchema {
  const needed = variables.filter(({ required, default: given }) => required && given === undefined).map(({ key }) => key);
  const secret = variables.filter((variable) => variable.secret).map(({ key }) => [key, secretReference] as const);
  const env = { required: needed, properties: Object.fromEntries(secret) };
  return {
    if: { properties: { preset: { const: name } }, required: ['preset'] },
    then: { properties: { env }, ...(needed.length > 0 && { required: ['env'] }) },
  };
}

/** The schema of an object with more said about some of its fields. */
function inside(schema: JsonSchema, values: Readonly<Record<string, JsonSchema>>): JsonSchema {
  const properties = Object.entries(schema.properties ?? {});
  return { ...schema, properties: Object.fromEntries(properties.map(([field, its]) => [field, { ...its, ...values[field] }])) };
}

const each = (list: JsonSchema, values: Readonly<Record<string, JsonSchema>>): JsonSchema => ({
  ...list,
  items: inside(list.items ?? {}, values),
});

const matching = ({ source }: RegExp): JsonSchema => ({ pattern: source });

const between = ({ least, most }: Range): JsonSchema => ({ minimum: least, maximum: most });

/** A quantity that is not nothing. */
const positive: JsonSchema = { allOf: [{ pattern: '^[+.0]*[1-9]' }] };
