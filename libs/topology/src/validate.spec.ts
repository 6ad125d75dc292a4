import fc from 'fast-check';
import { emptyTopology, type Topology, type TopologyNode } from './topology';
import { secretLiterals, structuralProblems, validateTopology } from './validate';
import { isValueOf } from './validate-declarations';
import { wavesOf } from './waves';

const web: TopologyNode = {
  serviceName: 'web',
  category: 'custom',
  image: 'web:1',
  ports: [{ internal: 80, external: 80, protocol: 'TCP' }],
};
const db: TopologyNode = {
  serviceName: 'db',
  category: 'third-party',
  preset: 'mysql',
  env: { MYSQL_ROOT_PASSWORD: '${secret.root}' },
};
const shop: Topology = {
  ...emptyTopology,
  nodes: [db, web],
  arrows: [{ from: 'web', to: 'db' }],
  secrets: { root: { source: 'generated' } },
};

/** `code pointer` of everything that is wrong. */
const wrong = (topology: Topology) => validateTopology(topology).map(({ code, pointer }) => `${code} ${pointer}`);
const wrongNode = (node: Partial<TopologyNode>) => wrong({ ...shop, nodes: [{ ...web, ...node }], arrows: [] });
const without = (field: keyof TopologyNode): TopologyNode =>
  Object.fromEntries(Object.entries(web).filter(([key]) => key !== field)) as unknown as TopologyNode;

describe('Validation', () => {
  it('finds nothing wrong with a sound topology', () => {
    expect(validateTopology(shop)).toEqual([]);
  });

  it('wants a node', () => {
    expect(wrong(emptyTopology)).toEqual(['no-nodes /nodes']);
  });

  describe('of the graph', () => {
    it('names the nodes of every cycle', () => {
      const nodes = ['a', 'b', 'c', 'd'].map((serviceName) => ({ ...web, serviceName }));
      const arrows = ['ab', 'ba', 'cd', 'dc'].map(([from, to]) => ({ from: from!, to: to! }));
      const problems = structuralProblems({ ...emptyTopology, nodes, arrows });
      expect(problems.map(({ code }) => code)).toEqual(['cycle', 'cycle']);
      expect(problems[0]?.message).toContain('"a", "b"');
      expect(problems[1]?.message).toContain('"c", "d"');
    });

    it('finds arrows that lead nowhere, twice or back to their node', () => {
      const arrows = [
        { from: 'web', to: 'x' },
        { from: 'y', to: 'z' },
        { from: 'web', to: 'db' },
        { from: 'web', to: 'db' },
        { from: 'web', to: 'web' },
      ];
      expect(wrong({ ...shop, arrows })).toEqual([
        'node-missing /arrows/0/to',
        'node-missing /arrows/1/from',
        'node-missing /arrows/1/to',
        'arrow-duplicate /arrows/3',
        'arrow-to-itself /arrows/4',
      ]);
    });

    it('finds service names that are doubled or no label', () => {
      const nodes = ['web', 'web', 'Web', 'a_b', '-a', 'a-', '', '1a', 'a'.repeat(64), '__proto__'].map((serviceName) => ({
        ...web,
        serviceName,
      }));
      expect(wrong({ ...emptyTopology, nodes })).toEqual([
        'service-name-duplicate /nodes/1/serviceName',
        ...[2, 3, 4, 5, 6, 7, 8, 9].map((index) => `service-name-invalid /nodes/${index}/serviceName`),
      ]);
      expect(wrong({ ...emptyTopology, nodes: [{ ...web, serviceName: `a${'-b'.repeat(31)}` }] })).toEqual([]);
    });
  });

  describe('of a node', () => {
    it('wants an image that is one', () => {
      expect(wrong({ ...emptyTopology, nodes: [without('image')] })).toEqual(['image-missing /nodes/0/image']);
      expect(wrongNode({ image: 'https://x/y' })).toEqual(['image-invalid /nodes/0/image']);
    });

    it('wants a preset of a third-party node, and of no other', () => {
      expect(wrongNode({ preset: 'redis' })).toEqual(['preset-not-allowed /nodes/0/preset']);
      expect(wrongNode({ category: 'third-party' })).toEqual(['preset-missing /nodes/0/preset']);
      expect(wrongNode({ category: 'third-party', preset: '__proto__' })).toEqual(['preset-unknown /nodes/0/preset']);
    });

    it('wants quantities, and requests within limits', () => {
      expect(wrongNode({ cpu: { request: 'x', limit: '0' }, memory: { request: '2Gi', limit: '1Gi' } })).toEqual([
        'quantity-invalid /nodes/0/cpu/request',
        'quantity-invalid /nodes/0/cpu/limit',
        'request-above-limit /nodes/0/memory/request',
      ]);
    });

    it.each([0, -1, 101, 1.5])('refuses %d replicas', (replicas) => {
      expect(wrongNode({ replicas })).toEqual(['replicas-out-of-range /nodes/0/replicas']);
    });

    it('wants init nodes that run once and that nobody calls', () => {
      expect(wrongNode({ category: 'init', replicas: 2, healthCheck: { tcp: { port: 1 } } })).toEqual([
        'init-replicas /nodes/0/replicas',
        'init-ports /nodes/0/ports',
        'init-health-check /nodes/0/healthCheck',
      ]);
      expect(wrongNode({ category: 'init', replicas: 1, ports: [] })).toEqual([]);
    });

    it('wants ports in range, each external one once for each protocol', () => {
      const ports = [
        { internal: 0, external: 80, protocol: 'TCP' },
        { internal: 80, external: 65536, protocol: 'TCP' },
        { internal: 81, external: 80, protocol: 'TCP' },
        { internal: 81, external: 80, protocol: 'UDP' },
      ] as const;
      expect(wrongNode({ ports })).toEqual([
        'port-out-of-range /nodes/0/ports/0/internal',
        'port-out-of-range /nodes/0/ports/1/external',
        'external-port-duplicate /nodes/0/ports/2/external',
      ]);
    });

    it('wants a port for a NodePort; that of a preset will do', () => {
      expect(wrongNode({ serviceType: 'NodePort', ports: [] })).toEqual(['node-port-without-ports /nodes/0/serviceType']);
      expect(wrong({ ...shop, nodes: [{ ...db, serviceType: 'NodePort' }, web] })).toEqual([]);
    });

    it('wants health checks that can be made', () => {
      expect(wrongNode({ healthCheck: { http: { path: 'x', port: 70000 }, tcp: { port: 1 }, periodSeconds: 0 } })).toEqual([
        'port-out-of-range /nodes/0/healthCheck/http/port',
        'health-check-time-invalid /nodes/0/healthCheck/periodSeconds',
        'health-check-ambiguous /nodes/0/healthCheck',
        'health-check-path-invalid /nodes/0/healthCheck/http/path',
      ]);
      expect(wrongNode({ ports: [], healthCheck: { periodSeconds: 5 } })).toEqual(['health-check-empty /nodes/0/healthCheck']);
      expect(wrongNode({ healthCheck: { command: [] } })).toEqual(['health-check-empty /nodes/0/healthCheck/command']);
    });
  });

  describe('of the environment', () => {
    it('takes names with dots and refuses names that are none or belong to Souk', () => {
      const env = {
        'spring.profiles.active': 'x',
        '1A': 'x',
        'a b': 'x',
        '': 'x',
        '..': 'x',
        'a/~': 'x',
        SOUK_APP_KEY: 'x',
        'iot.hosting.appKey': 'x',
      };
      expect(wrongNode({ env })).toEqual([
        'env-key-invalid /nodes/0/env/1A',
        'env-key-invalid /nodes/0/env/a b',
        'env-key-invalid /nodes/0/env/',
        'env-key-invalid /nodes/0/env/..',
        'env-key-invalid /nodes/0/env/a~1~0',
        'env-key-reserved /nodes/0/env/SOUK_APP_KEY',
        'env-key-reserved /nodes/0/env/iot.hosting.appKey',
      ]);
    });

    it('wants what the preset needs', () => {
      const bare: TopologyNode = { ...db, env: {} };
      expect(wrong({ ...shop, nodes: [bare, web] })).toEqual(['env-missing /nodes/0/env/MYSQL_ROOT_PASSWORD']);
    });

    it.each(['hunter2', '${param.p}', 'x${secret.root}', '${secret.root}${secret.root}', '', '$${secret.root}'])(
      'refuses %j where the preset wants a secret',
      (value) => {
        const topology: Topology = {
          ...shop,
          nodes: [{ ...db, env: { MYSQL_ROOT_PASSWORD: value } }, web],
          parameters: { p: { type: 'string' } },
        };
        expect(wrong(topology)).toEqual(['secret-literal /nodes/0/env/MYSQL_ROOT_PASSWORD']);
        expect(secretLiterals(topology)).toHaveLength(1);
        if (value) expect(JSON.stringify(secretLiterals(topology))).not.toContain(value);
      },
    );

    it('finds references to nothing', () => {
      const job: TopologyNode = { serviceName: 'job', category: 'custom', image: 'job:1' };
      const env = {
        A: '${node.x.host}',
        B: '${node.job.port}',
        C: '${param.p} ${secret.__s}',
        D: '${secret.s}',
        E: '${HOME}',
        F: '$${HOME}',
      };
      expect(wrong({ ...shop, nodes: [db, { ...web, env }, job] })).toEqual([
        'reference-unknown /nodes/1/env/A',
        'reference-without-port /nodes/1/env/B',
        'reference-unknown /nodes/1/env/C',
        'reference-invalid /nodes/1/env/C',
        'reference-unknown /nodes/1/env/D',
        'reference-invalid /nodes/1/env/E',
      ]);
    });

    it('takes references to what is there', () => {
      const env = { A: 'mysql://${node.db.host}:${node.db.port}/${param.p}', B: '${secret.root}' };
      expect(wrong({ ...shop, nodes: [db, { ...web, env }], parameters: { p: { type: 'string' } } })).toEqual([]);
    });
  });

  describe('of declarations', () => {
    it('wants names that references can write, and defaults of their type', () => {
      const topology: Topology = {
        ...shop,
        parameters: { 'a b': { type: 'string' }, n: { type: 'number', default: 'x' }, b: { type: 'boolean', default: 'true' } },
        secrets: { ...shop.secrets, 'a/b': { source: 'supplied' } },
      };
      expect(wrong(topology)).toEqual([
        'parameter-name-invalid /parameters/a b',
        'secret-name-invalid /secrets/a~1b',
        'parameter-default-invalid /parameters/n/default',
      ]);
    });

    it.each([
      ['number', '3.5', true],
      ['number', '-1e3', true],
      ['number', '', false],
      ['number', '0x10', false],
      ['number', '1e999', false],
      ['boolean', 'yes', false],
      ['string', '', true],
    ] as const)('a %s may be %j: %s', (type, text, answer) => {
      expect(isValueOf(type, text)).toBe(answer);
    });
  });

  it('names everything at once, in the order of the document', () => {
    const nodes: TopologyNode[] = [{ serviceName: 'A', category: 'init', replicas: 3, env: { X: '${param.x}' } }];
    expect(wrong({ nodes, arrows: [{ from: 'A', to: 'A' }], parameters: {}, secrets: { '': { source: 'supplied' } } })).toEqual([
      'service-name-invalid /nodes/0/serviceName',
      'arrow-to-itself /arrows/0',
      'image-missing /nodes/0/image',
      'init-replicas /nodes/0/replicas',
      'reference-unknown /nodes/0/env/X',
      'secret-name-invalid /secrets/',
    ]);
  });

  it('never throws, and what it accepts has waves', () => {
    const text = fc.oneof(
      fc.string(),
      fc.constantFrom('a', 'b', '__proto__', '${node.a.host}', '${secret.s}', '1', '1Gi', 'mysql'),
    );
    const number = fc.oneof(fc.integer({ min: -1, max: 70000 }), fc.double());
    const range = fc.record({ request: text, limit: text });
    const node = fc.record(
      {
        serviceName: text,
        category: fc.constantFrom('custom' as const, 'third-party' as const, 'init' as const),
        image: text,
        preset: text,
        cpu: range,
        memory: range,
        replicas: number,
        env: fc.dictionary(text, text),
        ports: fc.array(
          fc.record({ internal: number, external: number, protocol: fc.constantFrom('TCP' as const, 'UDP' as const) }),
        ),
      },
      { requiredKeys: ['serviceName', 'category'] },
    );
    const topology = fc.record({
      nodes: fc.array(node, { maxLength: 5 }),
      arrows: fc.array(fc.record({ from: text, to: text }), { maxLength: 5 }),
      parameters: fc.dictionary(text, fc.record({ type: fc.constantFrom('string' as const, 'number' as const), default: text })),
      secrets: fc.dictionary(text, fc.record({ source: fc.constantFrom('generated' as const, 'supplied' as const) })),
    });
    fc.assert(
      fc.property(topology, (some) => {
        const problems = validateTopology(some);
        for (const { pointer } of problems) expect(pointer).toMatch(/^\/(nodes|arrows|parameters|secrets)/);
        if (structuralProblems(some).length === 0) expect(wavesOf(some).flat()).toHaveLength(some.nodes.length);
      }),
      { numRuns: 300 },
    );
  });

  it('takes lists longer than a call has room for', () => {
    const arrows = Array.from({ length: 200_000 }, () => ({ from: 'x', to: 'y' }));
    const env = { A: '${a}'.repeat(200_000) };
    expect(validateTopology({ ...emptyTopology, nodes: [{ ...web, env }], arrows }).length).toBeGreaterThan(600_000);
  });
});
