import { schemaOf } from '@souk/platform';
import { emptyTopology, type NodeCategory, nodeCategories, presets, type TopologyNode, validateTopology } from '@souk/topology';
import { Ajv } from 'ajv';
import fc from 'fast-check';
import { palette } from './palette';
import { NodeDto } from './topology.dto';

const compile = (schema: object) => new Ajv({ strict: false }).compile(schema);
const validators = new Map(palette().categories.map(({ category, schema }) => [category, compile(schema)]));
const takes = (category: NodeCategory, settings: object) =>
  validators.get(category)!({ serviceName: 'a', category, ...settings });

describe('Palette', () => {
  it('has a schema for every category', () => {
    expect(palette().categories.map(({ category }) => category)).toEqual(nodeCategories);
  });

  it('wants of a custom node its image, and no preset', () => {
    const ports = [{ internal: 8080, external: 80, protocol: 'TCP' }];
    expect(takes('custom', { image: 'web:1', ports, env: { A: 'b' }, position: { x: 1.5, y: 0 } })).toBe(true);
    expect(takes('custom', {})).toBe(false);
    expect(takes('custom', { image: 'web:1', preset: 'mysql' })).toBe(false);
    expect(takes('custom', { image: 'web:1', env: { A: 1 } })).toBe(false);
    expect(takes('custom', { image: 'web:1', ports: [{ ...ports[0], hostPort: 80 }] })).toBe(false);
  });

  it('wants of a third-party node one of the presets, and what it needs', () => {
    expect(takes('third-party', { preset: 'redis' })).toBe(true);
    expect(takes('third-party', { preset: 'oracle' })).toBe(false);
    expect(takes('third-party', { preset: 'mysql' })).toBe(false);
    expect(takes('third-party', { preset: 'mysql', env: { MYSQL_ROOT_PASSWORD: '${secret.root}' } })).toBe(true);
    expect(takes('third-party', { preset: 'mysql', env: { MYSQL_ROOT_PASSWORD: 'hunter2' } })).toBe(false);
  });

  it('wants of an init node nothing that goes on after it', () => {
    expect(takes('init', { image: 'job:1', args: ['migrate'] })).toBe(true);
    expect(takes('init', { image: 'job:1', ports: [{ internal: 1, external: 1, protocol: 'TCP' }] })).toBe(false);
  });

  it('wants of a cloud node an offering and nothing else', () => {
    expect(takes('cloud', { cloud: { service: 'rds', plan: 'small', parameters: { version: '8.0' } } })).toBe(true);
    expect(takes('cloud', { cloud: { service: 'rds', plan: 'small' }, replicas: 2 })).toBe(false);
  });

  describe('takes by its schemas what is accepted, and has no problems but those that a schema has no words for:', () => {
    /** Two values that have to go together, and what others are called. */
    const wordless = new Set([
      ...[
        'request-above-limit',
        'external-port-duplicate',
        'host-network-port',
        'container-path-duplicate',
        'service-name-too-long',
      ],
      ...[
        'reference-unknown',
        'reference-without-port',
        'reference-without-arrow',
        'reference-field-unknown',
        'reference-invalid',
      ],
    ]);
    const isWordless = ({ code, pointer }: { code: string; pointer: string }): boolean =>
      // That the node has no port to ask by default.
      wordless.has(code) || (code === 'health-check-empty' && !pointer.endsWith('/command'));
    const shaped = compile(schemaOf(NodeDto));
    const accepted = (node: TopologyNode): boolean =>
      shaped(node) && validateTopology({ ...emptyTopology, nodes: [node] }).every(isWordless);

    it.each(nodeCategories)('%s', (category) => {
      const schema = validators.get(category)!;
      const seen = { true: 0, false: 0 };
      fc.assert(
        fc.property(nodesOf(category), (node) => {
          const isAccepted = accepted(node as unknown as TopologyNode);
          seen[`${isAccepted}`]++;
          if (schema(node) !== isAccepted)
            throw new Error(
              `schema: ${JSON.stringify(schema.errors)}, problems: ${JSON.stringify(validateTopology({ ...emptyTopology, nodes: [node as never] }))}`,
            );
        }),
        { numRuns: 1500 },
      );
      // Both sides have been tried.
      expect(Math.min(seen.true, seen.false)).toBeGreaterThan(100);
    });
  });
});

/** Mostly what makes sense, so that a node with many fields still has a chance to be accepted. */
const rarely = (good: fc.Arbitrary<unknown>, bad: fc.Arbitrary<unknown>) =>
  fc.oneof({ weight: 14, arbitrary: good }, { weight: 1, arbitrary: bad });
const port = rarely(fc.integer({ min: 1, max: 65_535 }), fc.constantFrom(0, -1, 65_536, 1.5, '80'));
const quantity = rarely(
  fc.constantFrom('1', '+2', '1.5', '.5', '2.', '1e3', '512Mi', '1T', '4k'),
  fc.constantFrom('0', '0.0e1', '0Mi', '.', '', 'x', '1 Gi', '100m', '1Xi', '-1'),
);
const path = rarely(
  fc.constantFrom('/a', '/a/b', '/..a', '/a b', '/ä'),
  fc.constantFrom('', '/', 'a', '/a/', '/a//b', '/a/..', '/./a', '/a:b', '/a\n'),
);
const seconds = rarely(fc.integer({ min: 1, max: 3600 }), fc.constantFrom(0, -1, 3601, 0.5));
const check = fc.record(
  {
    http: fc.record({ path: rarely(fc.constant('/health'), fc.constantFrom('', 'health')), port }),
    tcp: fc.record({ port }),
    command: rarely(fc.constant(['true']), fc.constant([])),
    ...{ initialDelaySeconds: seconds, periodSeconds: seconds, timeoutSeconds: seconds },
    failureThreshold: rarely(fc.integer({ min: 1, max: 100 }), fc.constantFrom(0, 101)),
  },
  { requiredKeys: [] },
);
const checkInOneWay = fc.tuple(check, fc.constantFrom('http', 'tcp', 'command', 'all')).map(([all, way]) => {
  const others = ['http', 'tcp', 'command'].filter((other) => way !== 'all' && other !== way);
  return Object.fromEntries(Object.entries(all).filter(([field]) => !others.includes(field)));
});
const range = fc.record({ request: quantity, limit: quantity });
const secrets = fc.constantFrom('${secret.a}', '${secret.a}', '${secret.a}', '${secret.a}x', 'literal', '${node.a.host}');
const needed = Object.fromEntries(
  presets.flatMap(({ variables }) => variables.map(({ key, secret }) => [key, secret ? secrets : fc.constant('x')])),
);
const neededKeys = presets.flatMap(({ variables }) => variables.filter(({ required }) => required).map(({ key }) => key));
const fields = {
  image: rarely(fc.constantFrom('web:1', 'registry.example.com:5000/a/b', 'a'), fc.constantFrom('', 'A', 'https://x', 'a:b:c')),
  cpu: range,
  memory: range,
  replicas: rarely(fc.integer({ min: 1, max: 100 }), fc.constantFrom(0, 101, 1.5)),
  env: fc.dictionary(
    rarely(
      fc.constantFrom('A', 'a.b-c', '_'),
      fc.constantFrom('', '1A', 'a b', '..', 'SOUK_APP_KEY', 'iot.hosting.x'),
    ) as fc.Arbitrary<string>,
    fc.constantFrom('x', '', '${param.b}'),
    { noNullPrototype: true },
  ),
  ports: fc.array(
    fc.record({ internal: port, external: port, protocol: rarely(fc.constantFrom('TCP', 'UDP'), fc.constant('SCTP')) }),
    { maxLength: 2 },
  ),
  serviceType: rarely(fc.constantFrom('ClusterIP', 'NodePort', 'LoadBalancer'), fc.constant('ExternalName')),
  command: fc.array(fc.string(), { maxLength: 2 }),
  args: fc.array(fc.string(), { maxLength: 2 }),
  workingDirectory: rarely(fc.constantFrom('/', '/a'), fc.constantFrom('', 'a', '/a/..')),
  userId: rarely(fc.nat(), fc.constantFrom(-1, 2 ** 31, 0.5)),
  imagePullSecret: rarely(fc.constantFrom('registry', 'a.b-c_d'), fc.constantFrom('', '1', 'a/b')),
  healthCheck: checkInOneWay,
  readinessCheck: checkInOneWay,
  hostNetwork: fc.boolean(),
  hostPaths: fc.array(
    fc.record({ containerPath: path, hostPath: path, type: rarely(fc.constantFrom('File', 'Socket'), fc.constant('')) }),
    { maxLength: 2 },
  ),
  storage: fc.array(
    fc.record(
      {
        identifier: rarely(fc.constantFrom('a', 'a/b', '..a'), fc.constantFrom('', '/a', 'a/../b', 'a/', 'ä')),
        containerPath: path,
        size: quantity,
      },
      { requiredKeys: ['identifier', 'containerPath'] },
    ),
    { maxLength: 2 },
  ),
  logDirectory: path,
  cloud: fc.record(
    {
      service: rarely(fc.constant('rds'), fc.constantFrom('', 'a b')),
      plan: rarely(fc.constant('small'), fc.constant(' ')),
      parameters: fc.constant({ size: 1 }),
    },
    { requiredKeys: ['service', 'plan'] },
  ),
  position: rarely(fc.record({ x: fc.integer(), y: fc.double({ noNaN: true, noDefaultInfinity: true }) }), fc.constant({ x: 1 })),
};

/** A node with some fields, each of which may be wrong, and sometimes with one that it may not have. */
function nodesOf(category: NodeCategory): fc.Arbitrary<object> {
  const names = Object.keys(fields) as (keyof typeof fields)[];
  const own: Readonly<Record<NodeCategory, readonly string[]>> = {
    custom: names.filter((name) => name !== 'cloud'),
    'third-party': names.filter((name) => name !== 'cloud'),
    init: names.filter(
      (name) => !['cloud', 'healthCheck', 'readinessCheck', 'hostNetwork', 'serviceType', 'replicas', 'ports'].includes(name),
    ),
    cloud: ['cloud', 'position'],
  };
  const some = fc.subarray([...own[category]], { maxLength: Math.min(5, own[category].length) }).chain(
    (chosen) =>
      rarely(
        fc.constant(chosen),
        fc.constantFrom(...names).map((name) => [...chosen, name]),
      ) as fc.Arbitrary<string[]>,
  );
  const must: readonly string[] = { custom: ['image'], init: ['image'], 'third-party': [], cloud: ['cloud'] }[category];
  const preset = rarely(fc.constantFrom(...presets.map(({ name }) => name)), fc.constantFrom('oracle', ''));
  return fc
    .tuple(some, rarely(fc.constant(must), fc.constant([])))
    .chain(([chosen, always]) => {
      const given = new Set([...chosen, ...(always as string[])]);
      return fc.tuple(
        fc.record(Object.fromEntries(names.filter((name) => given.has(name)).map((name) => [name, fields[name]])), {
          noNullPrototype: true,
        }),
        rarely(fc.constantFrom('a', 'a-1', 'a'.repeat(63)), fc.constantFrom('', 'A', '-a', 'a-')),
        preset,
        fc.record(needed, { requiredKeys: neededKeys, noNullPrototype: true }),
        fc.boolean(),
      );
    })
    .map(([settings, serviceName, chosenPreset, variables, withVariables]) => ({
      serviceName,
      category,
      ...settings,
      ...(category === 'third-party' && {
        preset: chosenPreset,
        ...(withVariables && { env: { ...(settings['env'] as object | undefined), ...(variables as object) } }),
      }),
    }));
}
