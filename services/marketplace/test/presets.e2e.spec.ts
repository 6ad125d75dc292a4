import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Preset, presets } from '@souk/topology';
import { parse } from 'yaml';
import { TestMarketplace, type TestUser } from '../testing';

interface Probe {
  readonly exec?: { readonly command: readonly string[] };
  readonly httpGet?: { readonly path: string; readonly port: number };
  readonly tcpSocket?: { readonly port: number };
}

interface Container {
  readonly image: string;
  readonly args?: readonly string[];
  readonly ports?: readonly { readonly containerPort: number }[];
  readonly env?: readonly {
    readonly name: string;
    readonly value?: string;
    readonly valueFrom?: { readonly secretKeyRef: { readonly name: string; readonly key: string } };
  }[];
  readonly resources: { readonly requests: object; readonly limits: object };
  readonly livenessProbe: Probe;
  readonly readinessProbe: Probe;
}

interface Workload {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly template: {
      readonly spec: { readonly containers: readonly Container[]; readonly securityContext?: { readonly runAsUser?: number } };
    };
  };
}

/** Variables as a provider who reads the catalogue gives them: only those that have to be given. */
const environmentFor = ({ name, variables }: Preset) =>
  Object.fromEntries(
    variables
      .filter(({ required, default: given }) => required && given === undefined)
      .map(({ key, secret }) => [key, secret ? `\${secret.${name}-password}` : 'souk']),
  );

describe('The catalogue, on a cluster', () => {
  let marketplace: TestMarketplace;
  let provider: TestUser;
  let instance: { readonly status: string; readonly nodes: readonly { readonly serviceName: string; readonly state: string }[] };
  let workloads: ReadonlyMap<string, Workload>;
  let secrets: ReadonlyMap<string, Readonly<Record<string, string>>>;
  let services: ReadonlyMap<string, { readonly spec: { readonly ports: readonly { readonly port: number }[] } }>;

  beforeAll(async () => {
    marketplace = await TestMarketplace.start();
    provider = await marketplace.newTenant('Harbour', 'provider');
    const app = {
      name: 'All',
      distributionType: 'instance',
      hostingMode: 'edge',
      platforms: ['linux/amd64'],
      summary: 'All of it',
    };
    const { appId } = (await provider.post('/v1/apps', app)).body;
    const { versionId } = (await provider.post(`/v1/apps/${appId}/initialise`, { versionDescription: 'First' })).body;
    const created = await provider.post(`/v1/versions/${versionId}/configurations`, { name: 'standard', hosting: 'edge' });
    const path = created.headers.get('location')!;
    const topology = {
      nodes: presets.map((preset) => ({
        serviceName: `my-${preset.name}`,
        category: 'third-party',
        preset: preset.name,
        env: environmentFor(preset),
      })),
      secrets: Object.fromEntries(presets.map(({ name }) => [`${name}-password`, { source: 'generated' }])),
    };
    await provider.put(`${path}/topology`, topology, { 'if-match': '"0"' });
    expect((await provider.get(`${path}/validation`)).body).toMatchObject({ releasable: true, problems: [], warnings: [] });
    const clusterId = (await provider.get('/v1/clusters')).body.items[0].clusterId;
    const trial = await provider.post('/v1/instances', { name: 'trial', versionId, configuration: 'standard', clusterId });
    expect(trial.status).toBe(202);
    const { instanceId } = trial.body;
    instance = await provider.until(`/v1/instances/${instanceId}`, ({ status }) => status !== 'deploying', 60_000);
    const list = clusterOf(marketplace.dataDir, instanceId as string);
    workloads = byName([...(await list('/apis/apps/v1/deployments')), ...(await list('/apis/apps/v1/statefulsets'))]);
    services = byName(await list('/api/v1/services'));
    const stored: { metadata: { name: string }; data?: Record<string, string> }[] = await list('/api/v1/secrets');
    secrets = new Map(stored.map(({ metadata, data = {} }) => [metadata.name, data]));
  });
  afterAll(() => marketplace.stop());

  it('runs, all twelve of it, on the hosts of a small edge', () => {
    expect(instance).toMatchObject({ status: 'running' });
    expect(instance.nodes.map(({ serviceName, state }) => `${serviceName} ${state}`).sort()).toEqual(
      presets.map(({ name }) => `my-${name} ready`).sort(),
    );
    expect(presets).toHaveLength(12);
  });

  describe.each(presets.map((preset) => [preset.name, preset] as const))('has %s', (name, preset) => {
    const container = () => workloads.get(`my-${name}`)!.spec.template.spec.containers[0]!;

    it('in its image, with its arguments, as its user', () => {
      expect(container().image).toBe(preset.image);
      expect(container().args).toEqual(preset.args);
      expect(workloads.get(`my-${name}`)!.spec.template.spec.securityContext?.runAsUser).toBe(preset.userId);
    });

    it('at its ports, under its name', () => {
      expect((container().ports ?? []).map(({ containerPort }) => containerPort)).toEqual(
        preset.ports.map(({ internal }) => internal),
      );
      expect(services.get(`my-${name}`)!.spec.ports.map(({ port }) => port)).toEqual(
        preset.ports.map(({ external }) => external),
      );
    });

    it('with every variable that it needs, secret ones in a Secret', () => {
      const env = new Map((container().env ?? []).map((variable) => [variable.name, variable]));
      for (const { key, required, secret, default: given } of preset.variables) {
        const variable = env.get(key);
        if (!required) expect([key, variable]).toEqual([key, undefined]);
        else if (secret) {
          const { name: held, key: under } = variable!.valueFrom!.secretKeyRef;
          expect(Buffer.from(secrets.get(held)![under]!, 'base64').toString()).toMatch(/^[\w-]{32}$/);
        } else expect(variable!.value).toBe(given?.replace('{serviceName}', `my-${name}`) ?? 'souk');
      }
    });

    it('asked as it answers, with what it takes', () => {
      const { http, tcp, command } = preset.healthCheck ?? {};
      const asked = command
        ? { exec: { command } }
        : http
          ? { httpGet: { path: http.path, port: http.port } }
          : { tcpSocket: { port: tcp?.port ?? preset.ports[0]!.internal } };
      expect(container().livenessProbe).toMatchObject(asked);
      expect(container().readinessProbe).toMatchObject(asked);
      expect(container().resources).toMatchObject({
        requests: { cpu: preset.cpu.request, memory: preset.memory.request },
        limits: { cpu: preset.cpu.limit, memory: preset.memory.limit },
      });
    });
  });
});

/** Lists objects of the instance, as an operator of the cluster sees them. */
function clusterOf(dataDir: string, instanceId: string) {
  const kubeconfig = parse(readFileSync(join(dataDir, 'cluster-sim', 'kubeconfig.yaml'), 'utf8')) as {
    clusters: { cluster: { server: string } }[];
  };
  const { server } = kubeconfig.clusters[0]!.cluster;
  return async (path: string) => {
    const response = await fetch(`${server}${path}?labelSelector=souk.dev/instance=${instanceId}`);
    return ((await response.json()) as { items: never[] }).items;
  };
}

function byName<T extends { readonly metadata: { readonly name: string } }>(objects: readonly T[]): ReadonlyMap<string, T> {
  return new Map(objects.map((object) => [object.metadata.name, object]));
}
