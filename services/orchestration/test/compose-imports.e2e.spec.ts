import type { Problem } from '@souk/event-sourcing';
import { type Answer, TestMarketplace, type TestUser } from '../../marketplace/testing';

const compose = `
services:
  web: { image: 'web:1', ports: ['80:80'], depends_on: [db], environment: { DB_PASSWORD: hunter2 } }
  db: { image: 'postgres:17', environment: { POSTGRES_PASSWORD: hunter2 } }
`;

const wrong = ({ body }: Answer) => (body.problems as Problem[]).map(({ code, pointer }) => `${code} ${pointer}`);

describe('Compose imports', () => {
  let marketplace: TestMarketplace;
  let provider: TestUser;
  let path: string;

  beforeAll(async () => {
    marketplace = await TestMarketplace.start();
    provider = await marketplace.newTenant('Harbour', 'provider');
    const app = {
      name: 'Shop',
      distributionType: 'instance',
      hostingMode: 'edge',
      platforms: ['linux/amd64'],
      summary: 'A shop',
    };
    const { appId } = (await provider.post('/v1/apps', app)).body;
    const { versionId } = (await provider.post(`/v1/apps/${appId}/initialise`, { versionDescription: 'First' })).body;
    const created = await provider.post(`/v1/versions/${versionId}/configurations`, { name: 'Edge', hosting: 'edge' });
    path = created.headers.get('location')!;
  });
  afterAll(() => marketplace.stop());

  const imported = (document: object, headers?: Record<string, string>) =>
    provider.post(`${path}/compose-imports`, document, headers);

  it('tell what would come of them, without storing anything', async () => {
    const { status, body } = await imported({ compose, dryRun: true });
    expect(status).toBe(200);
    expect(body.topology.nodes).toMatchObject([{ serviceName: 'db', preset: 'postgresql' }, { serviceName: 'web' }]);
    expect(body.report).toContainEqual(expect.objectContaining({ outcome: 'approximated', pointer: '/services/web/ports/0' }));
    expect((await provider.get(path)).body).toMatchObject({ revision: 0, topology: { nodes: [] } });
    expect((await imported({ compose: 'services: {}', dryRun: true })).body).toMatchObject({ report: [{ code: 'no-services' }] });
  });

  it('replace what is drawn, by someone who has seen it, and only what differs becomes history', async () => {
    expect((await imported({ compose })).body).toMatchObject({ status: 428, code: 'precondition-required' });
    const first = await imported({ compose }, { 'if-match': '"0"' });
    expect([first.status, first.body.revision, first.headers.get('etag')]).toEqual([200, 4, '"4"']);
    expect(first.body.topology).toEqual((await provider.get(path)).body.topology);
    expect((await imported({ compose }, { 'if-match': '"0"' })).body).toMatchObject({ status: 412 });
    expect((await imported({ compose }, { 'if-match': '"4"' })).body.revision).toBe(4);
    const next = await imported(
      { compose: compose.replace('web:1', 'web:${TAG}'), environment: { TAG: '2' } },
      { 'if-match': '"4"' },
    );
    expect(next.body).toMatchObject({ revision: 5, topology: { nodes: [{}, { image: 'web:2' }] } });
  });

  it('keep secrets that are written down out of answers and history', async () => {
    const told = [
      await imported({ compose, dryRun: true }),
      await provider.get(path),
      await provider.get(`${path}/difference?from=0`),
    ];
    for (const { body } of told) expect(JSON.stringify(body)).not.toContain('hunter2');
  });

  it('refuse a document without topology, with every problem, and one that is a bomb', async () => {
    const broken = await imported({ compose: 'services: {a: {image: a, depends_on: [b]}, c: 1}' }, { 'if-match': '"5"' });
    expect(broken.body).toMatchObject({ status: 422, code: 'compose-invalid' });
    expect(wrong(broken)).toEqual([
      'dependency-undefined /services/a/depends_on/0',
      'wrong-shape /services/c',
      'image-missing /services/c',
    ]);
    const laughs = ['x0: &x0 [lol, lol]', ...Array.from({ length: 60 }, (_, i) => `x${i + 1}: &x${i + 1} [*x${i}, *x${i}]`)];
    const bomb = await imported({ compose: laughs.join('\n') }, { 'if-match': '"5"' });
    expect(bomb.body).toMatchObject({ status: 422, code: 'compose-invalid', problems: [{ code: 'document-too-large' }] });
    expect((await imported({ compose: 'x'.repeat(1024 * 1024) }, { 'if-match': '"5"' })).status).toBe(413);
    const many = Object.fromEntries(Array.from({ length: 1001 }, (_, i) => [`V${i}`, '']));
    const problems = async (environment: unknown) => wrong(await imported({ compose, environment, dryRun: true }));
    expect(await problems({ TAG: 1, 'a/b': { c: 'd' } })).toEqual([
      'wrong-type /environment/TAG',
      'wrong-type /environment/a~1b',
    ]);
    expect(await problems(many)).toEqual(['too-many /environment']);
    expect(await problems(['TAG=1'])).toEqual(['wrong-type /environment']);
    expect((await imported({ compose, colour: 'red' })).body).toMatchObject({ status: 422, code: 'invalid-input' });
    expect((await provider.get(path)).body.revision).toBe(5);
  });

  it('are for the provider of the configuration', async () => {
    const stranger = await marketplace.newTenant('Other', 'provider');
    for (const document of [{ compose, dryRun: true }, { compose }]) {
      const foreign = await stranger.post(`${path}/compose-imports`, document, { 'if-match': '"5"' });
      expect(foreign.body).toMatchObject({ status: 404, code: 'not-found' });
    }
    expect((await marketplace.operator.post(`${path}/compose-imports`, { compose })).status).toBe(403);
  });
});
