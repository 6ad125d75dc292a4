import { randomUUID } from 'node:crypto';
import { RegistrySim } from '@souk/registry-sim';
import { type Answer, TestMarketplace, type TestUser } from '../../marketplace/testing';

const login = { username: 'harbour', password: 'only the registry learns it' };
const networks = ['127.0.0.0/8'];

const topologyOf = (image: string, settings: object = {}) => ({
  nodes: [
    { serviceName: 'web', category: 'custom', image, ports: [{ internal: 80, external: 80, protocol: 'TCP' }], ...settings },
  ],
  arrows: [],
  parameters: {},
  secrets: {},
});

/** A draft of an app of its own, whose one node has that image. */
async function draftWith(
  provider: TestUser,
  image: string,
  { platforms = ['linux/amd64'], settings = {} }: { platforms?: string[]; settings?: object } = {},
): Promise<string> {
  const name = `App ${randomUUID()}`;
  const app = { name, distributionType: 'instance', hostingMode: 'edge', platforms, summary: 'One node' };
  const { appId } = (await provider.post('/v1/apps', app)).body;
  const { versionId } = (await provider.post(`/v1/apps/${appId}/initialise`, { versionDescription: 'First' })).body;
  const created = await provider.post(`/v1/versions/${versionId}/configurations`, { name: 'standard', hosting: 'edge' });
  const path = created.headers.get('location')!;
  await provider.put(`${path}/topology`, topologyOf(image, settings), { 'if-match': '"0"' });
  return versionId;
}

async function release(provider: TestUser, versionId: string): Promise<Answer> {
  const { revisions } = (await provider.get(`/v1/versions/${versionId}/review`)).body;
  return provider.post(`/v1/versions/${versionId}/release`, { reviewed: revisions });
}

async function imagesOf(provider: TestUser, versionId: string): Promise<object[]> {
  return (await provider.get(`/v1/versions/${versionId}/snapshot`)).body.snapshot.configurations[0].images;
}

describe('Images in a private registry', () => {
  let marketplace: TestMarketplace;
  let registry: RegistrySim;
  let provider: TestUser;
  let stranger: TestUser;
  let web: string;
  let digest: string;

  beforeAll(async () => {
    registry = await RegistrySim.start({ access: { by: 'token', ...login } });
    marketplace = await TestMarketplace.start({ registries: { mode: 'real', networks } });
    provider = await marketplace.newTenant('Harbour', 'provider');
    stranger = await marketplace.newTenant('Other', 'provider');
    web = `${registry.host}/shop/web:1.0`;
    digest = registry.push(web, { platforms: ['linux/amd64', 'linux/arm64'] });
    registry.push(`${registry.host}/shop/web:1.1`);
    registry.push(`${registry.host}/blog/web:1.0`);
    const stored = await provider.put(`/v1/registry-credentials/${registry.host}`, login);
    expect(stored.status).toBe(204);
  });
  afterAll(async () => {
    await marketplace.stop();
    await registry.stop();
  });

  it('are shown to whom the registry shows them', async () => {
    const at = (path: string, query: Record<string, string>) => `/v1/images/${path}?${new URLSearchParams(query).toString()}`;
    const repository = `${registry.host}/shop/web`;
    expect((await provider.get(at('resolve', { image: web }))).body).toEqual({
      ...{ image: web, digest, platforms: ['linux/amd64', 'linux/arm64'] },
    });
    const first = (await provider.get(at('tags', { repository, limit: '1' }))).body;
    expect(first.items).toEqual(['1.0']);
    expect((await provider.get(at('tags', { repository, limit: '1', cursor: first.next }))).body).toEqual({ items: ['1.1'] });
    expect((await provider.get(at('repositories', { registry: registry.host, prefix: 'shop/' }))).body).toEqual({
      items: ['shop/web'],
    });
    expect((await stranger.get(at('resolve', { image: web }))).body).toMatchObject({
      status: 422,
      code: 'registry-access-denied',
    });
    expect((await stranger.get(at('repositories', { registry: registry.host }))).body).toMatchObject({
      code: 'listing-unsupported',
    });
    expect((await provider.get(at('resolve', { image: `${repository}:9` }))).body).toMatchObject({
      ...{ status: 404, code: 'image-not-found' },
    });
    expect((await provider.get(at('resolve', { image: '10.0.0.1/shop/web:1' }))).body).toMatchObject({
      ...{ status: 422, code: 'registry-refused' },
    });
  });

  it('have a login that is never read back', async () => {
    const { body } = await provider.get('/v1/registry-credentials');
    expect(body).toEqual({ items: [{ registry: registry.host, username: login.username }] });
    expect((await stranger.get('/v1/registry-credentials')).body).toEqual({ items: [] });
    expect((await provider.put('/v1/registry-credentials/no%20host', login)).body).toMatchObject({ code: 'invalid-input' });
    await stranger.put('/v1/registry-credentials/ghcr.io', login);
    await stranger.delete('/v1/registry-credentials/ghcr.io');
    expect((await stranger.get('/v1/registry-credentials')).body).toEqual({ items: [] });
  });

  it('are pinned at release, to what their tag stands for then', async () => {
    const versionId = await draftWith(provider, web);
    expect((await release(provider, versionId)).status).toBe(200);
    expect(await imagesOf(provider, versionId)).toEqual([
      { image: web, digest, unpinned: false, platforms: ['linux/amd64', 'linux/arm64'] },
    ]);
  });

  it('keep a version from being released where they are nowhere, or not for its platforms', async () => {
    const nowhere = await draftWith(provider, `${registry.host}/shop/web:2.0`);
    expect((await release(provider, nowhere)).body).toMatchObject({
      code: 'version-invalid',
      problems: [{ code: 'image-not-found', pointer: '/configurations/standard/nodes/0/image' }],
    });
    const elsewhere = await draftWith(provider, web, { platforms: ['linux/amd64', 'linux/arm/v7'] });
    const { body } = await provider.get(`/v1/versions/${elsewhere}/review`);
    expect(body.problems).toMatchObject([{ code: 'image-platform', pointer: '/configurations/standard/nodes/0/image' }]);
  });

  it('stay unpinned, with the reason, for whom the registry does not show them', async () => {
    const versionId = await draftWith(stranger, web);
    const { body } = await stranger.get(`/v1/versions/${versionId}/review`);
    expect(body).toMatchObject({ problems: [], warnings: [{ code: 'image-unpinned' }] });
    expect((await release(stranger, versionId)).status).toBe(200);
    expect(await imagesOf(stranger, versionId)).toEqual([{ image: web, unpinned: true, reason: 'registry-access-denied' }]);
  });

  it('stay unpinned where nobody answers', async () => {
    const gone = await RegistrySim.start();
    const { host } = gone;
    await gone.stop();
    const versionId = await draftWith(provider, `${host}/shop/web:1.0`);
    expect((await release(provider, versionId)).status).toBe(200);
    expect(await imagesOf(provider, versionId)).toMatchObject([{ unpinned: true, reason: 'registry-unreachable' }]);
  });
});

describe('Images in the simulated registry', () => {
  let marketplace: TestMarketplace;
  let provider: TestUser;

  beforeAll(async () => {
    marketplace = await TestMarketplace.start();
    provider = await marketplace.newTenant('Harbour', 'provider');
  });
  afterAll(() => marketplace.stop());

  it('are all there, and say that they are simulated', async () => {
    const versionId = await draftWith(provider, 'ghcr.io/harbour/web:1.0');
    expect((await release(provider, versionId)).status).toBe(200);
    const [image] = await imagesOf(provider, versionId);
    expect(image).toMatchObject({ unpinned: false, simulated: true, digest: expect.stringMatching(/^sha256:/) as string });
    const tags = (await provider.get('/v1/images/tags?repository=mysql')).body;
    expect(tags.items).toHaveLength(1);
    const { body } = await provider.get('/v1/images/resolve?image=ghcr.io/harbour/web:1.0');
    expect(body).toMatchObject({ digest: (image as { digest: string }).digest, simulated: true });
  });

  it('may be named by a digest that the simulated registry has never heard of', async () => {
    const digest = `sha256:${'a'.repeat(64)}`;
    const image = `ghcr.io/harbour/web@${digest}`;
    const versionId = await draftWith(provider, image);
    expect((await release(provider, versionId)).status).toBe(200);
    expect(await imagesOf(provider, versionId)).toEqual([{ image, digest, unpinned: false }]);
  });

  it('are released with what their nodes ask of hosts, which a buyer sees before paying', async () => {
    const data = { containerPath: '/srv', hostPath: '/data/web', type: 'Directory', readOnly: true };
    const versionId = await draftWith(provider, 'ghcr.io/harbour/web:1.0', { settings: { hostPaths: [data] } });
    expect((await release(provider, versionId)).status).toBe(200);
    const buyer = await marketplace.newTenant('Dairy', 'buyer');
    const [offer] = (await buyer.until(`/v1/versions/${versionId}`, ({ status }) => status === 'released')).configurations;
    expect(offer.hostAccess).toEqual([
      {
        node: 'web',
        hostNetwork: false,
        privileged: false,
        hostPaths: [{ path: '/data/web', type: 'Directory', readOnly: true }],
      },
    ]);
  });

  it('are missing where their name says so', async () => {
    const versionId = await draftWith(provider, 'ghcr.io/harbour/web:1.0-not-found');
    expect((await release(provider, versionId)).body).toMatchObject({ problems: [{ code: 'image-not-found' }] });
  });
});
