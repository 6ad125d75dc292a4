import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ComposeImport, importCompose } from '@souk/compose';
import type { Topology } from '@souk/topology';
import { TestMarketplace, type TestUser } from '../testing';

const root = join(__dirname, '../../..');
/** Own fixtures, and Compose files of real applications where they lie beside the repository. */
const folders = [join(root, 'libs/compose/test/fixtures'), join(root, '../shared/data/compose')].filter((folder) =>
  existsSync(folder),
);
const files = folders.flatMap((folder) =>
  readdirSync(folder).map((file) => [file.replace(/\.yaml$/, ''), join(folder, file)] as const),
);
if (folders.length < 2) console.info('collected Compose files: skipped, they are not beside the repository');

/** What the owner of the cluster has granted: the paths that these documents name. */
const hostPolicy = {
  hostNetwork: true,
  hostPaths: ['/etc/pihole', '/etc/dnsmasq.d', '/etc/localtime', '/var/lib/gateway'].map((path) => ({ path, readOnly: false })),
  devices: ['/dev/ttyUSB0'],
  privileged: true,
};

/** Sockets of runtimes are granted by nobody. */
const withoutSockets = (topology: Topology) => ({
  ...topology,
  nodes: topology.nodes.map(({ hostPaths, ...node }) => {
    const left = hostPaths?.filter(({ type }) => type !== 'Socket') ?? [];
    return left.length > 0 ? { ...node, hostPaths: left } : node;
  }),
});

describe('Imported Compose files with an image on each service', () => {
  jest.setTimeout(120_000);
  let marketplace: TestMarketplace;
  let provider: TestUser;
  let versionId: string;
  let clusterId: string;

  beforeAll(async () => {
    const hosts = [{ name: 'edge-1', cpu: '64', memory: '128Gi' }];
    marketplace = await TestMarketplace.start({ cluster: { hosts } });
    provider = await marketplace.newTenant('Harbour', 'provider');
    const app = {
      name: 'Imported',
      distributionType: 'instance',
      hostingMode: 'edge',
      platforms: ['linux/amd64'],
      summary: 'Imported',
    };
    const { appId } = (await provider.post('/v1/apps', app)).body;
    ({ versionId } = (await provider.post(`/v1/apps/${appId}/initialise`, { versionDescription: 'First' })).body);
    const cluster = {
      name: 'workshop',
      platforms: ['linux/amd64'],
      connection: { kind: 'simulated' },
      nas: { storageClass: 'nas' },
      hostPolicy,
    };
    const registered = await provider.post('/v1/clusters', { ...cluster, reason: 'to try them' });
    expect(registered).toMatchObject({ status: 201 });
    ({ clusterId } = registered.body);
    await provider.put('/v1/secrets/known', { value: 'a value that somebody knows' });
  });
  afterAll(() => marketplace.stop());

  const deployed = async (name: string, compose: string): Promise<string> => {
    const created = await provider.post(`/v1/versions/${versionId}/configurations`, { name, hosting: 'edge' });
    const path = created.headers.get('location')!;
    const imported = await provider.post(`${path}/compose-imports`, { compose }, { 'if-match': '"0"' });
    expect(imported).toMatchObject({ status: 200 });
    const { topology } = imported.body as Required<ComposeImport>;
    await provider.put(`${path}/topology`, withoutSockets(topology), { 'if-match': imported.headers.get('etag')! });
    const supplied = Object.entries(topology.secrets).flatMap(([secret, { source }]) =>
      source === 'supplied' ? [[secret, 'known']] : [],
    );
    const wish = { name, versionId, configuration: name, clusterId, secrets: Object.fromEntries(supplied) };
    const accepted = await provider.post('/v1/instances', wish);
    expect(accepted).toMatchObject({ status: 202 });
    return (accepted.body as { instanceId: string }).instanceId;
  };

  it('run, every node of them', async () => {
    const whole = files.filter(([, file]) => {
      const { report } = imported(file);
      return !report.some(({ code }) => code === 'image-missing');
    });
    const instances = new Map<string, string>();
    for (const [name, file] of whole) instances.set(name, await deployed(name, readFileSync(file, 'utf8')));
    const outcomes: string[] = [];
    for (const [name, instanceId] of instances) {
      const { status } = await provider.until(
        `/v1/instances/${instanceId}`,
        (instance) => instance.status !== 'deploying',
        60_000,
      );
      outcomes.push(`${name} ${status as string}`);
    }
    expect(outcomes).toEqual(whole.map(([name]) => `${name} running`));
    expect(outcomes.length).toBeGreaterThanOrEqual(2);
  });
});

function imported(file: string): ComposeImport {
  return importCompose(readFileSync(file, 'utf8'));
}
