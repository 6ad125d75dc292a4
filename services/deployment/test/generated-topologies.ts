import {
  hostPathTypes,
  type HostPath,
  type PortPair,
  presets,
  serviceTypes,
  type StorageMount,
  type Topology,
  type TopologyNode,
} from '@souk/topology';
import fc from 'fast-check';

/** Stands where the value of a secret parameter stands. */
export const CANARY = 'c4n4ry-value';

const label = fc.stringMatching(/^[a-z]([a-z0-9-]{0,20}[a-z0-9])?$/);
const range = (units: readonly string[]) => fc.constantFrom(...units).map((unit) => ({ request: `1${unit}`, limit: `2${unit}` }));
const path = label.map((name) => `/srv/${name}`);
const port = fc.integer({ min: 1, max: 65535 });

const ports: fc.Arbitrary<PortPair[]> = fc.uniqueArray(
  fc.record({ internal: port, external: port, protocol: fc.constantFrom('TCP' as const, 'UDP' as const) }),
  { maxLength: 3, selector: ({ external, protocol }) => `${external}/${protocol}` },
);

const hostPaths: fc.Arbitrary<HostPath[]> = fc.uniqueArray(
  fc.record({ containerPath: path, hostPath: path, type: fc.constantFrom(...hostPathTypes), readOnly: fc.boolean() }),
  { maxLength: 2, selector: ({ containerPath }) => containerPath },
);

const storage: fc.Arbitrary<StorageMount[]> = fc.uniqueArray(
  fc.record({ identifier: label, containerPath: path.map((at) => `/data${at}`), size: fc.constantFrom('1Gi', '512Mi') }),
  { maxLength: 2, selector: ({ containerPath }) => containerPath },
);

const check = fc.oneof(
  fc.record({ http: fc.record({ path: fc.constant('/health'), port }) }),
  fc.record({ tcp: fc.record({ port }), timeoutSeconds: fc.integer({ min: 1, max: 9 }) }),
  fc.record({ command: fc.constant(['true']), periodSeconds: fc.integer({ min: 1, max: 60 }) }),
);

const settings = fc.record(
  {
    cpu: range(['m', '']),
    memory: range(['Mi', 'Gi']),
    env: fc.dictionary(
      fc.constantFrom('A', 'B', 'C'),
      fc.constantFrom('text', '${secret.key}', 'x${param.licence}', '${param.title}'),
    ),
    command: fc.constant(['/bin/run']),
    workingDirectory: path,
    userId: fc.constantFrom(0, 1000),
    imagePullSecret: fc.constant('registry'),
    storage,
    hostPaths,
    logDirectory: fc.constant('/var/log/app'),
  },
  { requiredKeys: [] },
);

const serving = fc.record(
  {
    replicas: fc.integer({ min: 1, max: 4 }),
    ports,
    serviceType: fc.constantFrom(...serviceTypes),
    healthCheck: check,
    readinessCheck: check,
    hostNetwork: fc.boolean(),
  },
  { requiredKeys: [] },
);

const kinds = fc.oneof(
  fc.record({ category: fc.constant('init' as const), image: fc.constant('registry.example/init:1') }),
  fc.tuple(serving, fc.constant({ category: 'custom' as const, image: 'registry.example/app:1' })).map(merged),
  fc
    .tuple(
      serving,
      fc.constantFrom(...presets).map(({ name }) => ({ category: 'third-party' as const, preset: name })),
    )
    .map(merged),
);

/** Topologies of processes with any settings, as they are where validation has found nothing; arrows without a cycle. */
export const generatedTopology: fc.Arbitrary<Topology> = fc
  .uniqueArray(
    fc.tuple(label, settings, kinds).map(([serviceName, common, own]): TopologyNode => ({ serviceName, ...common, ...own })),
    { minLength: 1, maxLength: 5, selector: ({ serviceName }) => serviceName },
  )
  .map((nodes) => ({
    nodes,
    arrows: nodes.slice(1).map(({ serviceName }, index) => ({ from: serviceName, to: nodes[index]!.serviceName })),
    parameters: { licence: { type: 'string' as const, secret: true }, title: { type: 'string' as const } },
    secrets: { key: { source: 'generated' as const } },
  }));

function merged<A extends object, B extends object>([a, b]: readonly [A, B]): A & B {
  return { ...a, ...b };
}
