import fc from 'fast-check';
import { emptyTopology, type Topology, type TopologyNode } from './topology';
import { secretLiterals, structuralProblems, validateTopology, validationOf } from './validate';
import { isValueOf } from './parameter-value';
import { warningsOf } from './warnings';
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

    it('wants a port for a load balancer', () => {
      expect(wrongNode({ serviceType: 'LoadBalancer', ports: [] })).toEqual(['load-balancer-without-ports /nodes/0/serviceType']);
    });

    it('holds readiness to the same as health', () => {
      expect(wrongNode({ readinessCheck: { periodSeconds: 5, timeoutSeconds: 0, failureThreshold: 101 } })).toEqual([
        'health-check-time-invalid /nodes/0/readinessCheck/timeoutSeconds',
        'health-check-threshold-invalid /nodes/0/readinessCheck/failureThreshold',
      ]);
      expect(wrongNode({ ports: [], readinessCheck: { periodSeconds: 5 } })).toEqual([
        'health-check-empty /nodes/0/readinessCheck',
      ]);
      expect(wrongNode({ ports: [], readinessCheck: { command: ['true'] } })).toEqual([]);
      expect(wrongNode({ category: 'init', ports: [], readinessCheck: { command: ['true'] } })).toEqual([
        'init-health-check /nodes/0/readinessCheck',
      ]);
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

  describe('of a process on its host', () => {
    const ports = [{ internal: 80, external: 80, protocol: 'TCP' }] as const;

    it('wants the same port inside and outside, and nothing in between', () => {
      expect(wrongNode({ hostNetwork: true, ports, serviceType: 'ClusterIP' })).toEqual([]);
      expect(
        wrongNode({ hostNetwork: true, ports: [{ internal: 8080, external: 80, protocol: 'TCP' }], serviceType: 'NodePort' }),
      ).toEqual(['host-network-port /nodes/0/ports/0/external', 'host-network-service-type /nodes/0/serviceType']);
      expect(wrongNode({ hostNetwork: false, ports: [{ internal: 8080, external: 80, protocol: 'TCP' }] })).toEqual([]);
    });

    it('finds two nodes that take the same port of their host, and looks at presets too', () => {
      const onHost: TopologyNode = { ...web, hostNetwork: true };
      const nodes: TopologyNode[] = [
        onHost,
        { ...onHost, serviceName: 'web2', ports: [{ internal: 80, external: 80, protocol: 'UDP' }] },
        { ...onHost, serviceName: 'web3' },
        { serviceName: 'proxy', category: 'third-party', preset: 'nginx', hostNetwork: true },
        { ...web, serviceName: 'inside' },
      ];
      expect(wrong({ ...emptyTopology, nodes })).toEqual([
        'host-port-duplicate /nodes/2/hostNetwork',
        'host-port-duplicate /nodes/3/hostNetwork',
      ]);
    });

    it('is no init node', () => {
      expect(wrongNode({ category: 'init', ports: [], hostNetwork: true, serviceType: 'LoadBalancer' })).toEqual([
        'init-service-type /nodes/0/serviceType',
        'init-host-network /nodes/0/hostNetwork',
      ]);
    });
  });

  describe('of the files of a process', () => {
    it('takes directories of the host, storage and logs at places of their own', () => {
      expect(
        wrongNode({
          hostPaths: [
            { containerPath: '/dev/ttyUSB0', hostPath: '/dev/ttyUSB0', type: 'CharDevice' },
            { containerPath: '/host', hostPath: '/', type: 'Directory', readOnly: true },
          ],
          storage: [
            { identifier: 'data', containerPath: '/data', size: '5Gi' },
            { identifier: 'data/..hidden/x.y_z-1', containerPath: '/data/more' },
          ],
          logDirectory: '/var/log/tomcat',
          workingDirectory: '/',
          userId: 2 ** 31 - 1,
          imagePullSecret: 'registry.example-1',
        }),
      ).toEqual([]);
    });

    it.each(['', '/', 'data', '/data/', '/data//x', '/data/../x', '/..', '/.', '/a:b', '/a\n'])(
      'refuses %j as a place in the container',
      (path) => {
        const hostPaths = [{ containerPath: path, hostPath: '/x', type: 'File' }] as const;
        const storage = [{ identifier: 'x', containerPath: path === '/' ? '/./' : path }];
        expect(wrongNode({ hostPaths, logDirectory: path || 'x' })).toContain(
          'container-path-invalid /nodes/0/hostPaths/0/containerPath',
        );
        expect(wrongNode({ storage })).toEqual(['container-path-invalid /nodes/0/storage/0/containerPath']);
        expect(wrongNode({ logDirectory: path })).toEqual(['container-path-invalid /nodes/0/logDirectory']);
        if (path !== '/')
          expect(wrongNode({ workingDirectory: path })).toEqual(['working-directory-invalid /nodes/0/workingDirectory']);
      },
    );

    it.each(['', 'etc', '/etc/', '/etc//x', '/etc/../root', '/..', '/./x'])('refuses %j as a path of a host', (hostPath) => {
      const hostPaths = [{ containerPath: '/x', hostPath, type: 'Directory' }] as const;
      expect(wrongNode({ hostPaths })).toEqual(['host-path-invalid /nodes/0/hostPaths/0/hostPath']);
    });

    it.each(['', '.', '..', '/data', 'data/', 'a//b', 'a/../b', 'a/..', './a', 'a b', 'dätä'])(
      'refuses %j as an identifier of storage',
      (identifier) => {
        const storage = [{ identifier, containerPath: '/x' }];
        expect(wrongNode({ storage })).toEqual(['storage-identifier-invalid /nodes/0/storage/0/identifier']);
      },
    );

    it('wants storage that holds something, and one thing at one place', () => {
      expect(
        wrongNode({
          hostPaths: [{ containerPath: '/a', hostPath: '/x', type: 'Directory' }],
          storage: [
            { identifier: 'x', containerPath: '/a', size: '0' },
            { identifier: 'x', containerPath: '/b', size: 'much' },
          ],
          logDirectory: '/b',
        }),
      ).toEqual([
        'quantity-invalid /nodes/0/storage/0/size',
        'quantity-invalid /nodes/0/storage/1/size',
        'container-path-duplicate /nodes/0/storage/0/containerPath',
        'container-path-duplicate /nodes/0/logDirectory',
      ]);
    });

    it('wants a user that there can be, and a secret that can be stored', () => {
      for (const userId of [-1, 1.5, 2 ** 31]) expect(wrongNode({ userId })).toEqual(['user-id-out-of-range /nodes/0/userId']);
      expect(wrongNode({ imagePullSecret: 'a/b' })).toEqual(['pull-secret-name-invalid /nodes/0/imagePullSecret']);
    });

    it('leaves room for what Kubernetes adds to the name of a database with storage', () => {
      const named = (length: number, storage: NonNullable<TopologyNode['storage']>) =>
        wrong({ ...shop, nodes: [{ ...db, serviceName: 'm'.repeat(length), storage }], arrows: [] });
      const storage = [{ identifier: 'data', containerPath: '/var/lib/mysql' }];
      expect(named(52, storage)).toEqual([]);
      expect(named(53, storage)).toEqual(['service-name-too-long /nodes/0/serviceName']);
      expect(named(63, [])).toEqual([]);
    });
  });

  describe('of a cloud node', () => {
    const rds: TopologyNode = { serviceName: 'rds', category: 'cloud', cloud: { service: 'rds-mysql', plan: 'small' } };
    const using = (env: Record<string, string>, arrows = [{ from: 'web', to: 'rds' }]) =>
      wrong({ ...emptyTopology, nodes: [{ ...web, env }, rds], arrows });

    it('wants an offering and a plan, and nothing that a process has', () => {
      expect(wrong({ ...emptyTopology, nodes: [rds] })).toEqual([]);
      expect(wrong({ ...emptyTopology, nodes: [{ ...rds, position: { x: 0, y: 0 } }] })).toEqual([]);
      expect(wrong({ ...emptyTopology, nodes: [{ serviceName: 'rds', category: 'cloud', image: 'x', replicas: 1 }] })).toEqual([
        'cloud-missing /nodes/0/cloud',
        'cloud-setting /nodes/0/image',
        'cloud-setting /nodes/0/replicas',
      ]);
      expect(wrong({ ...emptyTopology, nodes: [{ ...rds, cloud: { service: '', plan: 'a b' } }] })).toEqual([
        'cloud-name-invalid /nodes/0/cloud/service',
        'cloud-name-invalid /nodes/0/cloud/plan',
      ]);
      expect(wrongNode({ cloud: { service: 'a', plan: 'b' } })).toEqual(['cloud-not-allowed /nodes/0/cloud']);
    });

    it('has parameters that are small, and of which none is secret', () => {
      const having = (parameters: Record<string, unknown>) =>
        wrong({ ...emptyTopology, nodes: [{ ...rds, cloud: { service: 'rds-mysql', plan: 'small', parameters } }] });
      const at = '/nodes/0/cloud/parameters';
      const nested = (depth: number): object => (depth === 0 ? {} : { a: nested(depth - 1) });
      expect(having({ version: '8.0', zones: ['a', { id: 3 }], credentials: { rotate: true }, tokenLifetime: 60 })).toEqual([]);
      expect(having({ a: nested(15) })).toEqual([]);
      expect(having({ a: nested(16) })).toEqual([`cloud-parameters-too-deep ${at}`]);
      expect(having(nested(1_000) as Record<string, unknown>)).toEqual([`cloud-parameters-too-deep ${at}`]);
      expect(having({ text: 'ä'.repeat(8_000) })).toEqual([]);
      expect(having({ text: 'ä'.repeat(8_192) })).toEqual([`cloud-parameters-too-large ${at}`]);
      expect(having({ rootPassword: 'x', admin: { 'api_key/1': 1, API_KEY: 1, tokens: [], secret: ['x'] } })).toEqual([
        `cloud-parameter-secret ${at}/rootPassword`,
        `cloud-parameter-secret ${at}/admin/API_KEY`,
        `cloud-parameter-secret ${at}/admin/secret/0`,
      ]);
      // Whatever names a secret in an imported file names one here.
      expect(having({ jwt: 'x', passwordHash: 'x', api_key_2: 'x', partitionKey: 'x' })).toEqual([
        `cloud-parameter-secret ${at}/jwt`,
        `cloud-parameter-secret ${at}/passwordHash`,
        `cloud-parameter-secret ${at}/api_key_2`,
      ]);
      expect(
        JSON.stringify(
          validateTopology({
            ...emptyTopology,
            nodes: [{ ...rds, cloud: { service: 'a', plan: 'b', parameters: { password: 'canary' } } }],
          }),
        ),
      ).not.toContain('canary');
    });

    it('has any credential, for those who wait for it', () => {
      expect(using({ A: '${node.rds.uri} ${node.rds.host}' })).toEqual([]);
      expect(using({ A: '${node.rds.uri}' }, [])).toEqual(['reference-without-arrow /nodes/0/env/A']);
      expect(using({ A: '${node.web.uri}' })).toEqual(['reference-field-unknown /nodes/0/env/A']);
    });
  });

  describe('of the environment', () => {
    it('lets a service be found on the cluster later', () => {
      expect(wrongNode({ env: { A: '${service.orders.host}:${service.orders.port}' } })).toEqual([]);
      expect(wrongNode({ env: { A: '${service.orders.uri}' } })).toEqual(['reference-invalid /nodes/0/env/A']);
    });

    it('takes a secret parameter where the preset wants a secret', () => {
      const nodes = [{ ...db, env: { MYSQL_ROOT_PASSWORD: '${param.p}' } }];
      expect(wrong({ ...emptyTopology, nodes, parameters: { p: { type: 'string', secret: true } } })).toEqual([]);
    });

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

    it('wants schemas that some value fits, and defaults that do', () => {
      const wrongParameter = (p: Topology['parameters'][string]) => wrong({ ...shop, parameters: { p } });
      expect(wrongParameter({ type: 'string', minLength: 2, maxLength: 4, pattern: '^[a-z]+$', default: 'abc' })).toEqual([]);
      expect(wrongParameter({ type: 'integer', minimum: 1, maximum: 1, enum: ['1'], default: '1' })).toEqual([]);
      expect(wrongParameter({ type: 'boolean', pattern: 'x', minLength: 1, minimum: 0 })).toEqual([
        'parameter-schema-invalid /parameters/p/pattern',
        'parameter-schema-invalid /parameters/p/minLength',
        'parameter-schema-invalid /parameters/p/minimum',
      ]);
      expect(wrongParameter({ type: 'string', minLength: 5, maxLength: -1, default: 'x' })).toEqual([
        'parameter-schema-invalid /parameters/p/maxLength',
        'parameter-schema-invalid /parameters/p/minLength',
      ]);
      expect(wrongParameter({ type: 'number', minimum: 2, maximum: 1, enum: ['x', '1', '1'], default: 'many' })).toEqual([
        'parameter-schema-invalid /parameters/p/minimum',
        'parameter-schema-invalid /parameters/p/enum/0',
        'parameter-schema-invalid /parameters/p/enum/2',
        'parameter-default-invalid /parameters/p/default',
      ]);
      expect(wrongParameter({ type: 'string', enum: [] })).toEqual(['parameter-schema-invalid /parameters/p/enum']);
      expect(wrongParameter({ type: 'string', pattern: '(a)\\1' })).toEqual(['parameter-pattern-invalid /parameters/p/pattern']);
      expect(wrongParameter({ type: 'string', format: 'email', maxLength: 3, default: 'root' })).toEqual([
        'parameter-default-invalid /parameters/p/default',
        'parameter-default-invalid /parameters/p/default',
      ]);
    });

    it('refuses values of secret parameters, does not quote them, and wants them to have a name of their own', () => {
      const topology: Topology = {
        ...shop,
        parameters: { root: { type: 'string', secret: true, default: 'hunter2', enum: ['hunter2'] } },
      };
      expect(wrong(topology)).toEqual([
        'parameter-name-taken /parameters/root',
        'secret-literal /parameters/root/default',
        'secret-literal /parameters/root/enum',
      ]);
      expect(secretLiterals(topology)).toHaveLength(2);
      expect(JSON.stringify(validateTopology(topology))).not.toContain('hunter2');
    });

    it('keeps all patterns together small enough to be held against values in no time', () => {
      const parameters = Object.fromEntries(
        Array.from({ length: 6 }, (_, i) => [`p${i}`, { type: 'string', pattern: `^a{400}$` }] as const),
      );
      expect(wrong({ ...shop, parameters })).toEqual(['parameter-patterns-too-large /parameters']);
    });

    it.each([
      ['integer', '3', true],
      ['integer', '3.0', false],
      ['integer', '9007199254740993', false],
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
    const path = fc.oneof(text, fc.constantFrom('/', '/a', '/a/../b', 'a/b'));
    const check = fc.record(
      { http: fc.record({ path, port: number }), command: fc.array(text), periodSeconds: number, failureThreshold: number },
      { requiredKeys: [] },
    );
    const range = fc.record({ request: text, limit: text });
    const node = fc.record(
      {
        serviceName: text,
        category: fc.constantFrom('custom' as const, 'cloud' as const, 'third-party' as const, 'init' as const),
        image: text,
        preset: text,
        cpu: range,
        memory: range,
        replicas: number,
        env: fc.dictionary(text, text),
        healthCheck: check,
        readinessCheck: check,
        hostNetwork: fc.boolean(),
        hostPaths: fc.array(fc.record({ containerPath: path, hostPath: path, type: fc.constant('File' as const) })),
        storage: fc.array(
          fc.record({ identifier: path, containerPath: path, size: text }, { requiredKeys: ['identifier', 'containerPath'] }),
        ),
        logDirectory: path,
        userId: number,
        cloud: fc.record({ service: text, plan: text }),
        ports: fc.array(
          fc.record({ internal: number, external: number, protocol: fc.constantFrom('TCP' as const, 'UDP' as const) }),
        ),
      },
      { requiredKeys: ['serviceName', 'category'] },
    );
    const topology = fc.record({
      nodes: fc.array(node, { maxLength: 5 }),
      arrows: fc.array(fc.record({ from: text, to: text }), { maxLength: 5 }),
      parameters: fc.dictionary(
        text,
        fc.record(
          {
            type: fc.constantFrom('string' as const, 'number' as const, 'integer' as const),
            ...{ default: text, secret: fc.boolean(), enum: fc.array(text), pattern: text, minLength: number, minimum: number },
          },
          { requiredKeys: ['type'] },
        ),
      ),
      secrets: fc.dictionary(text, fc.record({ source: fc.constantFrom('generated' as const, 'supplied' as const) })),
    });
    fc.assert(
      fc.property(topology, (some) => {
        const problems = validateTopology(some);
        for (const { pointer } of [...problems, ...warningsOf(some)])
          expect(pointer).toMatch(/^\/(nodes|arrows|parameters|secrets)/);
        if (structuralProblems(some).length === 0) expect(wavesOf(some).flat()).toHaveLength(some.nodes.length);
      }),
      { numRuns: 300 },
    );
  });

  it('goes on in pieces, whose size does not grow with the topology', () => {
    const nodes = Array.from({ length: 2000 }, (_, i): TopologyNode => ({
      ...web,
      serviceName: `n${i}`,
      env: { A: '${param.x}' },
    }));
    const topology: Topology = { ...emptyTopology, nodes };
    const pieces = (some: Topology): number => {
      const validation = validationOf(some);
      for (let count = 1; ; count++) if (validation.next().done) return count;
    };
    expect(validateTopology(topology)).toHaveLength(2000);
    expect(pieces(topology) - pieces({ ...topology, nodes: nodes.slice(0, 1000) })).toBe(8);
  });

  it('takes lists longer than a call has room for', () => {
    const arrows = Array.from({ length: 200_000 }, () => ({ from: 'x', to: 'y' }));
    const env = { A: '${a}'.repeat(200_000) };
    expect(validateTopology({ ...emptyTopology, nodes: [{ ...web, env }], arrows }).length).toBeGreaterThan(600_000);
  });
});
