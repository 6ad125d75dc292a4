import { createHash } from 'node:crypto';
import { RegistrySim } from '@souk/registry-sim';
import {
  ImageInvalid,
  ImageNotFound,
  ListingUnsupported,
  RegistryAccessDenied,
  RegistryAnswerInvalid,
  RegistryRefused,
  RegistryThrottled,
  RegistryUnreachable,
} from './errors';
import { OciImageRegistry } from './oci-image-registry';

const credentials = { username: 'souk', password: 'p:ä$$' };
const allowed = ['127.0.0.0/8'];

let sims: RegistrySim[] = [];
let clients: OciImageRegistry[] = [];

async function simulated(options?: Parameters<typeof RegistrySim.start>[0]): Promise<RegistrySim> {
  const sim = await RegistrySim.start(options);
  sims.push(sim);
  return sim;
}

function client(options: ConstructorParameters<typeof OciImageRegistry>[0] = { allowed }): OciImageRegistry {
  const made = new OciImageRegistry(options);
  clients.push(made);
  return made;
}

afterEach(async () => {
  for (const made of clients) made.close();
  await Promise.all(sims.map((sim) => sim.stop()));
  sims = [];
  clients = [];
});

describe('A registry', () => {
  it('tells which digest a tag stands for, and for which platforms', async () => {
    const sim = await simulated();
    const image = `${sim.host}/shop/web:1.0`;
    const digest = sim.push(image, { platforms: ['linux/arm64', 'linux/amd64', 'linux/arm/v7'] });
    expect(await client().resolve(image)).toEqual({ digest, platforms: ['linux/amd64', 'linux/arm/v7', 'linux/arm64'] });
  });

  it('tells the new digest of a tag that has moved', async () => {
    const sim = await simulated();
    const image = `${sim.host}/shop/web:1.0`;
    const first = sim.push(image);
    const registry = client();
    await registry.resolve(image);
    const second = sim.push(image, { content: 'mended' });
    expect(second).not.toBe(first);
    expect((await registry.resolve(image)).digest).toBe(second);
  });

  it('is asked for the configuration of an image that is for one platform', async () => {
    const sim = await simulated();
    const image = `${sim.host}/shop/web:1.0`;
    const digest = sim.push(image, { platforms: ['linux/arm/v7'], plain: true });
    expect(await client().resolve(image)).toEqual({ digest, platforms: ['linux/arm/v7'] });
  });

  it('is asked once for what lies behind a digest', async () => {
    const sim = await simulated();
    const image = `${sim.host}/shop/web:1.0`;
    sim.push(image);
    const registry = client();
    await registry.resolve(image);
    await registry.resolve(image);
    expect(sim.requests.map(({ method }) => method)).toEqual(['HEAD', 'GET', 'HEAD']);
  });

  it('knows an image by its digest', async () => {
    const sim = await simulated();
    const digest = sim.push(`${sim.host}/shop/web:1.0`, { platforms: ['linux/amd64'] });
    expect(await client().resolve(`${sim.host}/shop/web@${digest}`)).toEqual({ digest, platforms: ['linux/amd64'] });
  });

  it('has "latest" where no tag is named', async () => {
    const sim = await simulated();
    const digest = sim.push(`${sim.host}/shop/web:latest`);
    expect((await client().resolve(`${sim.host}/shop/web`)).digest).toBe(digest);
  });

  it('says which image it does not have', async () => {
    const sim = await simulated();
    await expect(client().resolve(`${sim.host}/shop/web:9.9`)).rejects.toThrow(ImageNotFound);
    await expect(client().tags(`${sim.host}/shop/web`)).rejects.toThrow(ImageNotFound);
    await expect(client().resolve('Not An Image')).rejects.toThrow(ImageInvalid);
  });

  it('lists tags and repositories page by page', async () => {
    const sim = await simulated({});
    for (let i = 10; i < 17; i++) sim.push(`${sim.host}/shop/web:1.${i}`);
    for (const name of ['shop/api', 'shop/web2', 'blog/web']) sim.push(`${sim.host}/${name}:1`);
    const registry = client();
    const pages: (readonly string[])[] = [];
    let after: string | undefined;
    do {
      const page = await registry.tags(`${sim.host}/shop/web`, { limit: 3, ...(after !== undefined && { after }) });
      pages.push(page.items);
      after = page.next;
    } while (after !== undefined);
    expect(pages).toEqual([['1.10', '1.11', '1.12'], ['1.13', '1.14', '1.15'], ['1.16']]);
    expect(await registry.repositories(sim.host, 'shop/')).toEqual({ items: ['shop/api', 'shop/web', 'shop/web2'] });
    expect(await registry.repositories(sim.host, 'shop/', { limit: 2 })).toMatchObject({
      items: ['shop/api', 'shop/web', 'shop/web2'],
    });
  });

  it('is asked under its own name where a mirror stands for all', async () => {
    const sim = await simulated({ everyImage: true });
    const registry = client({ mirror: sim.url });
    const mysql = await registry.resolve('mysql:8.4.4', { credentials });
    expect(await registry.resolve('docker.io/library/mysql:8.4.4')).toEqual(mysql);
    expect((await registry.resolve('ghcr.io/library/mysql:8.4.4')).digest).not.toBe(mysql.digest);
    await expect(registry.resolve('ghcr.io/shop/web:1.0-not-found')).rejects.toThrow(ImageNotFound);
    expect(await registry.tags('ghcr.io/library/mysql')).toEqual({ items: ['8.4.4'] });
    expect(await registry.tags('ghcr.io/shop/web')).toEqual({ items: ['latest'] });
    await expect(registry.tags('ghcr.io/shop/web-not-found')).rejects.toThrow(ImageNotFound);
  });
});

describe('A private registry', () => {
  it.each(['basic', 'token'] as const)('answers whoever has the password (%s)', async (by) => {
    const sim = await simulated({ access: { by, ...credentials } });
    const image = `${sim.host}/shop/web:1.0`;
    const digest = sim.push(image);
    expect((await client().resolve(image, { credentials })).digest).toBe(digest);
    await expect(client().resolve(image)).rejects.toThrow(RegistryAccessDenied);
    const wrong = { ...credentials, password: 'a guess' };
    await expect(client().resolve(image, { credentials: wrong })).rejects.toThrow(RegistryAccessDenied);
    expect(await client().tags(`${sim.host}/shop/web`, { credentials })).toEqual({ items: ['1.0'] });
    expect(await client().repositories(sim.host, '', { credentials })).toEqual({ items: ['shop/web'] });
  });

  it('gives tokens to everybody where what it has is public', async () => {
    const sim = await simulated({ access: { by: 'token', ...credentials, anonymous: true } });
    const image = `${sim.host}/shop/web:1.0`;
    const digest = sim.push(image);
    expect((await client().resolve(image)).digest).toBe(digest);
  });

  it('is asked for one token for each repository, and for another one when that is good no more', async () => {
    const sim = await simulated({ access: { by: 'token', ...credentials } });
    for (const name of ['web', 'api']) sim.push(`${sim.host}/shop/${name}:1.0`);
    const registry = client();
    const tokens = () => sim.requests.filter(({ url }) => url.startsWith('/token')).length;
    for (const name of ['web', 'api', 'web', 'api']) await registry.resolve(`${sim.host}/shop/${name}:1.0`, { credentials });
    expect(tokens()).toBe(2);
    sim.access.revokeTokens();
    await registry.resolve(`${sim.host}/shop/web:1.0`, { credentials });
    expect(tokens()).toBe(3);
  });

  it('does not share what one tenant may read with another', async () => {
    const sim = await simulated({ access: { by: 'token', ...credentials } });
    const image = `${sim.host}/shop/web:1.0`;
    sim.push(image);
    const registry = client();
    await registry.resolve(image, { credentials });
    await expect(registry.resolve(image)).rejects.toThrow(RegistryAccessDenied);
    await expect(registry.repositories(sim.host, '')).rejects.toThrow(ListingUnsupported);
  });
});

describe('A registry that misbehaves', () => {
  it('is asked again a little later where it says so', async () => {
    const sim = await simulated();
    const image = `${sim.host}/shop/web:1.0`;
    const digest = sim.push(image);
    sim.misbehaviour.add({ type: 'status', status: 429, headers: { 'retry-after': '0' }, at: '/manifests/', times: 2 });
    expect((await client().resolve(image)).digest).toBe(digest);
    sim.misbehaviour.add({ type: 'status', status: 429, headers: { 'retry-after': '3600' }, at: '/manifests/' });
    await expect(client().resolve(image)).rejects.toThrow(RegistryThrottled);
  });

  it('is away while it stumbles', async () => {
    const sim = await simulated();
    const image = `${sim.host}/shop/web:1.0`;
    const digest = sim.push(image);
    sim.misbehaviour.add({ type: 'status', status: 503, headers: { 'retry-after': '0' }, at: '/manifests/', times: 1 });
    expect((await client().resolve(image)).digest).toBe(digest);
    sim.misbehaviour.add({ type: 'status', status: 500, headers: { 'retry-after': '0' }, at: '/manifests/' });
    await expect(client().resolve(image)).rejects.toThrow(RegistryUnreachable);
  });

  it('is away where it says nothing, or nobody is there', async () => {
    const sim = await simulated();
    sim.misbehaviour.add({ type: 'silence', at: '/v2/' });
    await expect(client({ allowed, timeoutMs: 50 }).resolve(`${sim.host}/shop/web:1.0`)).rejects.toThrow(RegistryUnreachable);
    const stopped = AbortSignal.abort();
    await expect(client().resolve(`${sim.host}/shop/web:1.0`, { signal: stopped })).rejects.toThrow(RegistryUnreachable);
    const { host } = sim;
    await sim.stop();
    sims = [];
    await expect(client().resolve(`${host}/shop/web:1.0`)).rejects.toThrow(RegistryUnreachable);
  });

  it.each([
    ['answers a manifest that its digest does not fit', { type: 'forged', at: '/manifests/' }, RegistryAnswerInvalid],
    ['answers a configuration that its digest does not fit', { type: 'forged', at: '/blobs/' }, RegistryAnswerInvalid],
    ['breaks its answer off', { type: 'truncated', at: '/manifests/' }, RegistryUnreachable],
    ['leads in circles', { type: 'redirect', at: '/v2/', to: '/v2/again' }, RegistryAnswerInvalid],
    ['leads away from TLS', { type: 'redirect', at: '/v2/', to: 'http://registry.example/v2/' }, RegistryRefused],
    [
      'leads to the metadata service of a cloud',
      { type: 'redirect', at: '/v2/', to: 'https://169.254.169.254/' },
      RegistryRefused,
    ],
    ['leads into a private network', { type: 'redirect', at: '/v2/', to: 'https://10.0.0.1/' }, RegistryRefused],
    ['leads nowhere', { type: 'redirect', at: '/v2/', to: 'https://' }, RegistryAnswerInvalid],
    [
      'sends for tokens to a private network',
      { type: 'status', status: 401, headers: { 'www-authenticate': 'Bearer realm="https://10.0.0.1/token"' }, at: '/v2/' },
      RegistryRefused,
    ],
  ] as const)('is not believed when it %s', async (_, fault, expected) => {
    const sim = await simulated();
    const image = `${sim.host}/shop/web:1.0`;
    sim.push(image, { platforms: ['linux/amd64'], plain: true });
    sim.misbehaviour.add(fault);
    await expect(client().resolve(image, { credentials })).rejects.toThrow(expected);
  });

  it('learns nothing of a password for another one', async () => {
    const [home, elsewhere] = [await simulated({ access: { by: 'basic', ...credentials } }), await simulated()];
    const image = `${home.host}/shop/web:1.0`;
    home.push(image, { platforms: ['linux/amd64'], plain: true });
    const body = elsewhere.push(`${elsewhere.host}/shop/web:1.0`, { platforms: ['linux/amd64'], plain: true, content: image });
    const config = `/v2/shop/web/blobs/sha256:${createHash('sha256').update('any').digest('hex')}`;
    home.misbehaviour.add({ type: 'redirect', at: '/manifests/', to: `${elsewhere.url}/v2/shop/web/manifests/${body}` });
    home.misbehaviour.add({ type: 'redirect', at: '/blobs/', to: `${elsewhere.url}${config}` });
    await client()
      .resolve(image, { credentials })
      .catch(() => undefined);
    expect(elsewhere.requests.length).toBeGreaterThan(0);
    expect(elsewhere.requests.map(({ authorization }) => authorization).filter((header) => header !== undefined)).toEqual([]);
  });
});

describe('A challenge', () => {
  it.each(['basic', 'token'] as const)('is met from the registry itself, not from where it leads to (%s)', async (by) => {
    const [home, elsewhere] = [await simulated(), await simulated({ access: { by, ...credentials } })];
    const image = `${home.host}/shop/web:1.0`;
    home.misbehaviour.add({ type: 'redirect', at: '/v2/', to: `${elsewhere.url}/v2/shop/web/manifests/1.0` });
    await expect(client().resolve(image, { credentials })).rejects.toThrow(RegistryRefused);
    expect(elsewhere.requests).toMatchObject([{ authorization: undefined }]);
  });
});

describe('Addresses', () => {
  it.each([
    '127.0.0.1:1/a:1',
    'localhost:1/a:1',
    '10.1.2.3/a:1',
    '169.254.169.254/a:1',
    '100.64.0.1/a:1',
    '192.168.1.2:5000/a:1',
  ])('that are not public are no place for a registry: %s', async (image) => {
    await expect(client({}).resolve(image)).rejects.toThrow(RegistryRefused);
  });

  it('that are no networks are told when the client is made', () => {
    expect(() => client({ allowed: ['999.0.0.0/8'] })).toThrow();
  });
});
