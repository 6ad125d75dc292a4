import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { manifestProblems } from '@souk/kubernetes/testing';
import { Ajv } from 'ajv';
import { parse } from 'yaml';
import { RunningSim } from '../../libs/cluster-sim/testing/running-sim';
import { chartFolder, type Manifest, renderer } from '../testing/chart';
import { checkEnvironment } from '../testing/process-config';

interface Values {
  services: Record<string, object>;
  [section: string]: object;
}

const defaults = parse(readFileSync(join(chartFolder, 'values.yaml'), 'utf8')) as Values;
const schema = JSON.parse(readFileSync(join(chartFolder, 'values.schema.json'), 'utf8')) as object;

/** As somebody would run it. */
const production = {
  image: { repository: 'registry.example.com/souk', digest: `sha256:${'a'.repeat(64)}`, pullSecrets: ['registry'] },
  secrets: {
    engines: 'engines',
    masterKeys: 'keys',
    rpcTls: 'rpc',
    busCredentials: 'nats-user',
    busTls: 'nats-ca',
    alibaba: 'rds',
  },
  config: {
    apiUrl: 'https://souk.example.com',
    otlpEndpoint: 'http://collector.tracing:4318',
    logsUrl: 'loki+https://loki.example.com/loki/api/v1/push',
    clusterCallsPerSecond: 20,
    clusterNetworks: ['10.20.0.0/16', 'fd00::/8'],
    registries: 'none',
    registryNetworks: ['10.30.0.0/16'],
    drainSeconds: 10,
    busReplicas: 3,
    logLevel: 'warn',
  },
  services: { deployment: { replicas: 3 }, audit: { resources: { requests: { cpu: 1, memory: '1Gi' } } } },
  edge: {
    replicas: 3,
    service: { type: 'LoadBalancer', annotations: { 'example.com/pool': 'public' } },
    ingress: {
      enabled: true,
      className: 'nginx',
      host: 'souk.example.com',
      tlsSecret: 'souk-tls',
      annotations: { 'example.com/a': 'b' },
    },
  },
  networkPolicy: {
    engines: [{ ports: [2113], to: [{ namespaceSelector: { matchLabels: { name: 'engines' } } }] }],
    metricsFrom: [{ namespaceSelector: { matchLabels: { name: 'monitoring' } } }],
  },
  nodeSelector: { pool: 'souk' },
  tolerations: [{ key: 'souk', operator: 'Exists', effect: 'NoSchedule' }],
  podAnnotations: { 'example.com/team': 'marketplace' },
};

describe('the values', () => {
  const validate = new Ajv({ strict: false, allErrors: true }).compile(schema);
  const verdict = (change: (values: Record<string, Record<string, unknown>>) => void): readonly string[] => {
    const values = structuredClone(defaults) as unknown as Record<string, Record<string, unknown>>;
    change(values);
    validate(values);
    return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message ?? ''}`);
  };

  it('have defaults that fit their schema', () => {
    expect(verdict(() => undefined)).toEqual([]);
  });

  it.each<[string, (values: Record<string, Record<string, unknown>>) => void, string]>([
    [
      'a value that is not known',
      (values) => (values['config']!['colour'] = 'red'),
      '/config must NOT have additional properties',
    ],
    [
      'a service that is not known',
      (values) => (values['services']!['billing'] = {}),
      '/services must NOT have additional properties',
    ],
    ['no replicas', (values) => (values['edge']!['replicas'] = 0), '/edge/replicas must be >= 1'],
    ['a digest that is none', (values) => (values['image']!['digest'] = 'sha256:1'), '/image/digest must match pattern'],
    [
      'a quantity that is none',
      (values) => (values['edge']!['resources'] = { limits: { memory: '1 GB' } }),
      '/edge/resources/limits/memory',
    ],
    [
      'an ingress without a host',
      (values) => (values['edge']!['ingress'] = { enabled: true, host: '' }),
      '/edge/ingress/host must NOT have fewer',
    ],
    [
      'a secret itself instead of a name',
      (values) => (values['secrets']!['masterKeys'] = 'Zm9v+/='),
      '/secrets/masterKeys must match',
    ],
  ])('are refused with %s', (_, change, problem) => {
    expect(verdict(change)).toEqual(expect.arrayContaining([expect.stringContaining(problem)]));
  });

  it('know every service that there is, and no other', () => {
    const folders = readdirSync(join(__dirname, '../../services'));
    const services = folders.filter((name) => name !== 'marketplace' && name !== 'edge');
    expect(Object.keys(defaults.services).sort()).toEqual(services.sort());
  });
});

const render = renderer();

(render ? describe : describe.skip)('the chart, rendered', () => {
  let plain: readonly Manifest[] = [];
  let full: readonly Manifest[] = [];
  beforeAll(() => {
    plain = render!({});
    full = render!(production);
  });
  const deployments = (manifests: readonly Manifest[]) => manifests.filter(({ kind }) => kind === 'Deployment');

  it('fits the schema of Kubernetes, by default and with everything turned on', () => {
    expect(plain.flatMap(manifestProblems)).toEqual([]);
    expect(full.flatMap(manifestProblems)).toEqual([]);
    expect(new Set(full.map(({ kind }) => kind))).toEqual(
      new Set(['ConfigMap', 'Deployment', 'Ingress', 'NetworkPolicy', 'PodDisruptionBudget', 'Service', 'ServiceAccount']),
    );
  });

  it('would be told of a field that is none, and of a type that does not fit', () => {
    const [one] = deployments(plain);
    const wrong = structuredClone(one!);
    wrong['spec'].replicas = 'two';
    wrong['spec'].template.spec.containers[0].readOnly = true;

    expect(manifestProblems(wrong)).toEqual([
      expect.stringContaining('spec/replicas must be integer'),
      'Deployment.spec.template.spec.containers[0].readOnly: there is no such field',
    ]);
  });

  it('names each object once', () => {
    const names = full.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
    expect(names.filter((name, n) => names.indexOf(name) !== n)).toEqual([]);
  });

  it('gives no pod more than it needs: restricted by the Pod Security Standards, and no token', () => {
    for (const { spec } of deployments(full)) {
      const { containers, ...pod } = spec.template.spec;
      expect(pod).toMatchObject({
        automountServiceAccountToken: false,
        securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
      });
      for (const { securityContext, resources } of containers) {
        expect(securityContext).toEqual({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        });
        expect(Object.keys(resources)).toContain('requests');
      }
    }
  });

  it('holds no secret: engines, master keys and certificates are references', () => {
    for (const { metadata, spec } of deployments(full)) {
      if (metadata.labels['app.kubernetes.io/component'] === 'edge') continue;
      const [{ env, envFrom }] = spec.template.spec.containers;
      expect((env as object[]).filter((one) => !('value' in one))).toEqual([
        { name: 'SOUK_MASTER_KEYS', valueFrom: { secretKeyRef: { name: 'keys', key: 'SOUK_MASTER_KEYS' } } },
      ]);
      expect(JSON.stringify((env as object[]).filter((one) => 'value' in one))).not.toMatch(/"value":"(?!\/etc\/souk\/)/);
      expect(envFrom).toContainEqual({ secretRef: { name: 'engines' } });
      const { volumes, containers } = spec.template.spec;
      for (const [name, secretName] of [
        ['rpc-tls', 'rpc'],
        ['bus-credentials', 'nats-user'],
        ['bus-tls', 'nats-ca'],
      ]) {
        expect(volumes).toContainEqual({ name, secret: { secretName } });
        expect(containers[0].volumeMounts).toContainEqual({ name, mountPath: `/etc/souk/${name}`, readOnly: true });
      }
    }
  });

  it('tells each process what it has to know, and nothing that no process reads', () => {
    const data = (name: string) =>
      full.find(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === name)!['data'] as Record<string, string>;
    const all = Object.entries(data('shop-services'));
    const isMounted = ([, value]: [string, string]) => value.startsWith('/etc/souk/');
    expect(Object.fromEntries(all.filter(isMounted))).toEqual({
      SOUK_RPC_TLS_CERT: '/etc/souk/rpc-tls/tls.crt',
      SOUK_RPC_TLS_KEY: '/etc/souk/rpc-tls/tls.key',
      SOUK_RPC_TLS_CA: '/etc/souk/rpc-tls/ca.crt',
      SOUK_BUS_CREDENTIALS: '/etc/souk/bus-credentials/user.creds',
      SOUK_BUS_TLS_CA: '/etc/souk/bus-tls/ca.crt',
    });
    const shared = Object.fromEntries(all.filter((one) => !isMounted(one)));
    expect(shared).toMatchObject({
      SOUK_BUS_REPLICAS: '3',
      SOUK_CLUSTER_CALLS_PER_SECOND: '20',
      SOUK_CLUSTER_NETWORKS: '10.20.0.0/16,fd00::/8',
      SOUK_REGISTRIES: 'none',
      SOUK_REGISTRY_NETWORKS: '10.30.0.0/16',
    });
    const referred = {
      SOUK_EVENT_STORE: 'esdb://engines:2113',
      SOUK_BUS: 'nats://engines:4222',
      SOUK_READ_STORE: 'mongodb://engines:27017',
      SOUK_MASTER_KEYS: Buffer.alloc(32).toString('base64'),
    };
    for (const name of Object.keys(defaults.services))
      expect(() => checkEnvironment(name, { ...shared, ...referred })).not.toThrow();
    expect(() => checkEnvironment('edge', data('shop-edge'))).not.toThrow();
  });

  it('takes a replica away only when the next one is ready, and leaves it time to drain', () => {
    for (const { spec } of deployments(full)) {
      expect(spec.strategy.rollingUpdate).toEqual({ maxSurge: 1, maxUnavailable: 0 });
      expect(spec.template.spec.terminationGracePeriodSeconds).toBe(35);
    }
  });

  it('lets an eviction take one replica of each process at a time', () => {
    const budgets = full.filter(({ kind }) => kind === 'PodDisruptionBudget');
    expect(budgets.map(({ metadata }) => metadata.name).sort()).toEqual(
      deployments(full)
        .map(({ metadata }) => metadata.name)
        .sort(),
    );
    for (const { metadata, spec } of budgets) {
      const { selector } = deployments(full).find((one) => one.metadata.name === metadata.name)!['spec'];
      expect(spec).toEqual({ maxUnavailable: 1, selector });
    }
  });

  it('asks each process how it is: alive from its start on, ready before it is sent requests', () => {
    for (const { spec } of deployments(full)) {
      const [{ startupProbe, livenessProbe, readinessProbe, ports }] = spec.template.spec.containers;
      const alive = { httpGet: { path: '/health/live', port: 'http' } };
      expect({ startupProbe, livenessProbe }).toMatchObject({ startupProbe: alive, livenessProbe: alive });
      expect(readinessProbe).toMatchObject({ httpGet: { path: '/health/ready', port: 'http' } });
      expect(ports).toContainEqual(expect.objectContaining({ name: 'http' }));
      // Services wait half a minute for their engines; a process that is busy for some seconds is not killed for it.
      const patience = ({ periodSeconds, failureThreshold }: Record<string, number>) => periodSeconds! * failureThreshold!;
      expect(patience(startupProbe)).toBeGreaterThanOrEqual(60);
      expect(patience(livenessProbe)).toBeGreaterThanOrEqual(30);
      expect(patience(readinessProbe)).toBeLessThan(production.config.drainSeconds);
    }
  });

  it('starts pods anew when their configuration has changed, and only then', () => {
    const checksums = (manifests: readonly Manifest[]) =>
      deployments(manifests).map(({ spec }) => spec.template.metadata.annotations['checksum/config'] as string);
    expect(new Set([...checksums(plain), ...checksums(render!({ edge: { replicas: 5 } }))]).size).toBe(1);
    expect(checksums(render!({ config: { logLevel: 'debug' } }))).not.toContain(checksums(plain)[0]);
  });

  it('shows the account of a cloud to the service that uses it, and to no other', () => {
    for (const { metadata, spec } of deployments(full)) {
      const [{ env = [], volumeMounts }] = spec.template.spec.containers;
      const isTold = (env as { name: string }[]).some(({ name }) => name === 'SOUK_ALIBABA_FILE');
      const isMounted = (volumeMounts as { name: string }[]).some(({ name }) => name === 'alibaba');
      const expected = metadata.name === 'shop-deployment';
      expect([metadata.name, isTold, isMounted]).toEqual([metadata.name, expected, expected]);
    }
  });

  it('lets out to clusters and registries the one service each that asks them', () => {
    const egress = (part: string) =>
      plain.find(({ kind, metadata }) => kind === 'NetworkPolicy' && metadata.name === `shop-${part}`)!['spec'].egress;
    const anywhere = [{ ipBlock: { cidr: '0.0.0.0/0' } }];
    expect(egress('release')).toEqual([{ ports: [{ port: 443, protocol: 'TCP' }], to: anywhere }]);
    expect(egress('deployment')).toMatchObject([{ ports: [{ port: 443 }, { port: 6443 }], to: anywhere }]);
  });

  it('lets services be reached by the edge and by each other alone', () => {
    const policies = new Map(plain.filter(({ kind }) => kind === 'NetworkPolicy').map((one) => [one.metadata.name, one]));
    const services = policies.get('shop-services')!.spec;
    expect(services.podSelector.matchExpressions[0].values).toEqual(Object.keys(defaults.services).sort());
    expect(services.ingress.map(({ ports }: { ports: { port: string }[] }) => ports.map(({ port }) => port))).toEqual([
      ['http'],
      ['rpc'],
    ]);
    expect(policies.get('shop-all')!.spec).toMatchObject({ policyTypes: ['Ingress', 'Egress'] });
    expect(policies.get('shop-all')!.spec.ingress).toBeUndefined();
  });

  it('shows metrics of the edge to those that may see them, and not to whoever reaches its Service', () => {
    const of = (kind: string, name: string) => full.find((one) => one.kind === kind && one.metadata.name === name)!;
    const ports = (rules: readonly { ports?: readonly { port: string }[] }[]) =>
      rules.flatMap(({ ports = [] }) => ports.map(({ port }) => port));
    expect(ports(of('NetworkPolicy', 'shop-all')['spec'].ingress)).toEqual(['http', 'metrics']);
    expect(ports(of('NetworkPolicy', 'shop-edge')['spec'].ingress)).toEqual(['http', 'grpc']);
    expect(of('Service', 'shop-edge')['spec'].ports.map(({ name }: { name: string }) => name)).toEqual(['http', 'grpc']);
    expect(of('Deployment', 'shop-edge')['spec'].template.spec.containers[0].ports).toContainEqual({
      name: 'metrics',
      containerPort: 9464,
    });
  });

  it('comes up on a cluster: every object is taken, every replica becomes ready', async () => {
    const sim = await RunningSim.start();
    try {
      const { client } = sim;
      const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'souk' } };
      expect((await client.apply('/api/v1/namespaces/souk', namespace)).status).toBe(201);
      const secret = (name: string, ...keys: string[]) => ({
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name, namespace: 'souk' },
        stringData: Object.fromEntries(keys.map((key) => [key, 'x'])),
      });
      for (const one of [
        secret('souk-engines', 'SOUK_EVENT_STORE', 'SOUK_BUS', 'SOUK_READ_STORE'),
        secret('souk-master-keys', 'SOUK_MASTER_KEYS'),
      ])
        expect((await client.post('/api/v1/namespaces/souk/secrets', one)).status).toBe(201);

      for (const manifest of plain) {
        const { status, body } = await client.apply(pathOf(manifest), manifest);
        expect({ name: manifest.metadata.name, status, message: body.message }).toMatchObject({ status: 201 });
      }
      const list = '/apis/apps/v1/namespaces/souk/deployments';
      const { items } = await client.until(list, ({ items }) =>
        items.every((one: Manifest) => one['status'].readyReplicas === one['spec'].replicas),
      );
      expect(items).toHaveLength(8);
      for (const manifest of plain) expect((await client.apply(pathOf(manifest), manifest)).status).toBe(200);
    } finally {
      await sim.stop();
    }
  }, 90_000);
});

function pathOf({ apiVersion, kind, metadata }: Manifest): string {
  const plural = kind === 'Ingress' ? 'ingresses' : `${kind.toLowerCase().replace(/y$/, 'ie')}s`;
  return `/${apiVersion === 'v1' ? 'api' : 'apis'}/${apiVersion}/namespaces/souk/${plural}/${metadata.name}`;
}
