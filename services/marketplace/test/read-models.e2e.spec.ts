import { type Answer, TestMarketplace, type TestUser } from '../testing';

interface Told {
  readonly id: string | undefined;
  readonly type: string;
  readonly data: Answer['body'];
}

describe('Read models, for operators', () => {
  let marketplace: TestMarketplace;
  let operator: TestUser;
  let provider: TestUser;

  beforeAll(async () => {
    marketplace = await TestMarketplace.start();
    operator = marketplace.operator;
    provider = await marketplace.newTenant('Harbour', 'provider');
    for (const name of ['One', 'Two', 'Three'])
      await provider.post('/v1/apps', {
        name,
        distributionType: 'instance',
        hostingMode: 'edge',
        platforms: ['linux/amd64'],
        summary: 'Visitors leave a line',
      });
  });
  afterAll(() => marketplace.stop());

  /** All that is told about the rebuild of a model, until it is over. */
  const progressOf = async (model: string, headers: Record<string, string> = {}): Promise<Told[]> => {
    const { status, body } = await operator.get(`/v1/read-models/${model}/events`, headers);
    expect(status).toBe(200);
    return (body as string)
      .split('\n\n')
      .filter((block) => block.includes('event: '))
      .map((block) => {
        const field = (name: string): string | undefined => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1];
        return { id: field('id'), type: field('event')!, data: JSON.parse(field('data')!) };
      });
  };

  it('are listed, with how far they are', async () => {
    const { status, body } = await operator.get('/v1/read-models');
    expect(status).toBe(200);
    const names = body.items.map(({ name }: { name: string }) => name);
    expect(names).toEqual([...names].sort());
    expect(names).toEqual(expect.arrayContaining(['apps', 'instances', 'users', 'versions']));
    const apps = body.items.find(({ name }: { name: string }) => name === 'apps');
    expect(apps).toMatchObject({ name: 'apps', version: expect.any(Number), status: 'live', events: 3 });
    expect(apps.behind).toBeGreaterThanOrEqual(0);
    expect((await operator.get('/v1/read-models/apps')).body).toMatchObject({ name: 'apps', status: 'live' });
  });

  it('are for nobody else', async () => {
    const requests: ['GET' | 'POST' | 'DELETE', string][] = [
      ['GET', ''],
      ['GET', '/apps'],
      ['POST', '/apps/rebuild'],
      ['DELETE', '/apps/rebuild'],
      ['GET', '/apps/events'],
    ];
    for (const [method, path] of requests) {
      expect((await provider.request(method, `/v1/read-models${path}`)).status).toBe(403);
      expect((await marketplace.nobody().request(method, `/v1/read-models${path}`)).status).toBe(401);
    }
  });

  it('are built anew on demand, and answer meanwhile and afterwards', async () => {
    const before = (await provider.get('/v1/apps')).body;
    const page = (await provider.get('/v1/apps?limit=1')).body;
    const key = { 'idempotency-key': 'rebuild-1' };
    const asked = await operator.post('/v1/read-models/apps/rebuild', undefined, key);
    expect([asked.status, asked.headers.get('location')]).toEqual([202, '/v1/read-models/apps']);
    const told = await progressOf('apps');
    expect((await provider.get('/v1/apps')).body).toEqual(before);
    expect((await provider.get(`/v1/apps?limit=5&cursor=${page.next}`)).body.items).toEqual(before.items.slice(1));

    const last = told.at(-1)!;
    expect(last).toMatchObject({ type: 'RebuildSwitched', data: { status: 'switched', different: 0 } });
    expect(last.data.events).toBe(last.data.eventsToFold);
    const { rebuild } = (await operator.get('/v1/read-models/apps')).body;
    expect(rebuild).toEqual(last.data);
    const again = await operator.post('/v1/read-models/apps/rebuild', undefined, key);
    expect([again.status, again.body.rebuild.id]).toEqual([202, rebuild.id]);
    const resumed = await progressOf('apps', { 'last-event-id': last.id! });
    expect(resumed.map(({ type }) => type)).toEqual(['RebuildSwitched']);
  });

  it('are built anew once at a time', async () => {
    for (let refused: Answer | undefined; !refused;) {
      const answers = await Promise.all([1, 2, 3].map(() => operator.post('/v1/read-models/users/rebuild')));
      refused = answers.find(({ status }) => status === 409);
      expect(answers.filter(({ status }) => status === 202).length).toBeGreaterThan(0);
      if (refused) expect(refused.body.code).toBe('rebuild-running');
      await progressOf('users');
    }
    expect((await operator.get('/v1/read-models/users')).body).toMatchObject({
      status: 'live',
      rebuild: { status: 'switched', different: 0 },
    });
  });

  it('keep what they have when a rebuild is cancelled, which may come too late', async () => {
    await operator.post('/v1/read-models/apps/rebuild');
    expect((await operator.delete('/v1/read-models/apps/rebuild')).status).toBe(204);
    const { rebuild, status } = (await operator.get('/v1/read-models/apps')).body;
    expect(['cancelled', 'switched']).toContain(rebuild.status);
    expect(status).toBe('live');
    expect((await provider.get('/v1/apps')).body.items).toHaveLength(3);
    expect((await operator.delete('/v1/read-models/apps/rebuild')).status).toBe(204);
  });

  it('that nobody knows are not found, nor is a rebuild that nobody has asked for', async () => {
    for (const [method, path] of [
      ['GET', '/nothing'],
      ['POST', '/nothing/rebuild'],
      ['DELETE', '/nothing/rebuild'],
      ['GET', '/nothing/events'],
      ['GET', '/purchases/events'],
    ] as const)
      expect((await operator.request(method, `/v1/read-models${path}`)).body).toMatchObject({ status: 404, code: 'not-found' });
  });
});
