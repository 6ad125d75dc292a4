import { TestMarketplace, type TestUser } from '../testing';

const app = {
  name: 'Guest Book',
  distributionType: 'instance',
  hostingMode: 'edge',
  platforms: ['linux/amd64'],
  summary: 'Visitors leave a line',
};

describe('The API', () => {
  let marketplace: TestMarketplace;
  let provider: TestUser;
  let stranger: TestUser;

  beforeAll(async () => {
    marketplace = await TestMarketplace.start();
    provider = await marketplace.newTenant('Harbour', 'provider');
    stranger = await marketplace.newTenant('Other', 'provider');
  });
  afterAll(() => marketplace.stop());

  describe('on bad input', () => {
    it('tells every problem at once, by code and JSON pointer, and stores nothing', async () => {
      const before = (await provider.get('/v1/apps')).body.items.length;
      const answer = await provider.post('/v1/apps', {
        name: '',
        distributionType: 'rental',
        platforms: [],
        summary: 7,
        colour: 'red',
      });
      expect(answer.status).toBe(422);
      expect(answer.headers.get('content-type')).toContain('application/problem+json');
      expect(answer.body).toMatchObject({ status: 422, code: 'invalid-input', type: 'urn:souk:problem:invalid-input' });
      expect(
        answer.body.problems.map(({ code, pointer }: { code: string; pointer: string }) => `${code} ${pointer}`).sort(),
      ).toEqual([
        'not-one-of /distributionType',
        'required /hostingMode',
        'too-few /platforms',
        'unknown-field /colour',
        'wrong-format /name',
        'wrong-type /summary',
      ]);
      expect((await provider.get('/v1/apps')).body.items).toHaveLength(before);
    });

    it.each([
      ['what is not JSON', '{"name":', 400, 'bad-request'],
      ['a poisoned prototype', '{"__proto__":{"role":"operator"}}', 400, 'bad-request'],
      ['more than a megabyte', JSON.stringify({ name: 'x'.repeat(1_100_000) }), 413, 'payload-too-large'],
    ])('refuses %s', async (_, body, status, code) => {
      const answer = await provider.post('/v1/apps', body);
      expect([answer.status, answer.body.code]).toEqual([status, code]);
    });

    it.each([
      ['a NUL character', { ...app, summary: 'a\0b' }],
      ['half a surrogate pair', { ...app, summary: '\ud800' }],
    ])('refuses %s', async (_, body) => {
      expect((await provider.post('/v1/apps', body)).body).toMatchObject({
        status: 422,
        problems: [{ code: 'wrong-format', pointer: '/summary' }],
      });
    });

    it('does not look for every problem of a body that has a hundred thousand', async () => {
      const answer = await provider.post('/v1/apps', { ...app, platforms: Array.from({ length: 100_000 }, () => 1) });
      expect(answer.status).toBe(422);
      expect(answer.body.problems.length).toBeLessThanOrEqual(100);
    });

    it('takes no forms', async () => {
      const headers = { 'content-type': 'application/x-www-form-urlencoded' };
      expect((await provider.post('/v1/apps', 'name=x', headers)).body).toMatchObject({
        status: 415,
        code: 'unsupported-media-type',
      });
    });

    it('answers problem details for an address that cannot be read', async () => {
      const answer = await provider.get('/v1/apps/%E0%A4%A');
      expect([answer.status, answer.body.code]).toEqual([400, 'bad-request']);
      expect(answer.headers.get('content-type')).toContain('application/problem+json');
    });

    it('refuses unknown query parameters', async () => {
      expect((await provider.get('/v1/apps?offset=3')).body).toMatchObject({ status: 422, code: 'invalid-input' });
    });

    it('refuses a cursor that was not handed out', async () => {
      expect((await provider.get('/v1/apps?cursor=forged')).body).toMatchObject({ status: 400, code: 'invalid-cursor' });
    });
  });

  describe('on identity', () => {
    it('asks for a token', async () => {
      const answer = await marketplace.nobody().get('/v1/apps');
      expect([answer.status, answer.body.code, answer.headers.get('www-authenticate')]).toEqual([
        401,
        'unauthenticated',
        'Bearer',
      ]);
    });

    it('refuses a role that the route is not for', async () => {
      const buyer = await marketplace.newTenant('Dairy', 'buyer');
      expect((await buyer.post('/v1/apps', app)).body).toMatchObject({ status: 403, code: 'forbidden' });
    });

    it('answers for a foreign resource as for a missing one', async () => {
      const { appId } = (await provider.post('/v1/apps', { ...app, name: 'Mine' })).body;
      const path = (id: string): string => `/v1/apps/${id}`;
      await provider.get(path(appId));
      const foreign = await stranger.get(path(appId));
      const missing = await stranger.get(path('app_00000000000000000000000000'));
      expect([foreign.status, foreign.body.code]).toEqual([404, 'not-found']);
      expect({ ...foreign.body, instance: '', detail: '' }).toEqual({ ...missing.body, instance: '', detail: '' });
      expect((await stranger.post(`${path(appId)}/list`)).status).toBe(404);
    });
  });

  describe('on repeated and conflicting writes', () => {
    it('answers a retried POST with what the first one created', async () => {
      const headers = { 'idempotency-key': 'retry-1' };
      const first = await provider.post('/v1/apps', { ...app, name: 'Retried' }, headers);
      const second = await provider.post('/v1/apps', { ...app, name: 'Retried' }, headers);
      expect([first.status, second.status]).toEqual([201, 201]);
      expect(second.body).toEqual(first.body);
      expect(second.headers.get('location')).toBe(`/v1/apps/${first.body.appId}`);
    });

    it('takes the same key with another body for another request', async () => {
      const headers = { 'idempotency-key': 'reused' };
      const first = await provider.post('/v1/apps', { ...app, name: 'Reused one' }, headers);
      const second = await provider.post('/v1/apps', { ...app, name: 'Reused two' }, headers);
      expect([second.status, second.body.name]).toEqual([201, 'Reused two']);
      expect(second.body.appId).not.toBe(first.body.appId);
    });

    it('refuses a name that is taken, whatever its case', async () => {
      await provider.post('/v1/apps', { ...app, name: 'Taken' });
      expect((await provider.post('/v1/apps', { ...app, name: 'TAKEN' })).body).toMatchObject({
        status: 409,
        code: 'name-taken',
      });
      expect((await stranger.post('/v1/apps', { ...app, name: 'Taken' })).status).toBe(201);
    });

    it('wants to know which revision a change is based on', async () => {
      const created = await provider.post('/v1/apps', { ...app, name: 'Edited' });
      const path = `/v1/apps/${created.body.appId}`;
      expect((await provider.patch(path, { summary: 'Two' })).status).toBe(428);
      const changed = await provider.patch(path, { summary: 'Two' }, { 'if-match': created.headers.get('etag')! });
      expect([changed.status, changed.headers.get('etag')]).toEqual([200, '"1"']);
      expect((await provider.patch(path, { summary: 'Three' }, { 'if-match': '"0"' })).body).toMatchObject({
        status: 412,
        code: 'revision-mismatch',
      });
    });

    it('lets a reader wait for what it wrote', async () => {
      const { headers, body } = await provider.post('/v1/apps', { ...app, name: 'Seen at once' });
      const seen = await provider.request('GET', `/v1/apps/${body.appId}?atLeast=${headers.get('x-event-position')!}`);
      expect(seen.body.name).toBe('Seen at once');
      expect((await provider.request('GET', '/v1/apps?atLeast=zzzzzzzz-0000000000000001')).body).toMatchObject({
        status: 410,
        code: 'position-gone',
      });
    });
  });

  describe('on a step that comes too early', () => {
    it('changes nothing of an archived app', async () => {
      const { appId } = (await provider.post('/v1/apps', { ...app, name: 'Archived' })).body;
      await provider.post(`/v1/apps/${appId}/archive`);
      const answer = await provider.post(`/v1/apps/${appId}/initialise`, { versionDescription: 'Too late' });
      expect(answer.body).toMatchObject({ status: 409, code: 'app-archived' });
    });

    it('names the missing step', async () => {
      const { appId } = (await provider.post('/v1/apps', { ...app, name: 'Too early' })).body;
      expect((await provider.get(`/v1/apps/${appId}/versions`)).body).toMatchObject({ status: 409, code: 'app-not-initialised' });
      expect((await provider.post(`/v1/apps/${appId}/versions`, { number: '2.0.0', description: 'x' })).body).toMatchObject({
        status: 409,
        code: 'app-not-initialised',
      });
      expect((await provider.get(`/v1/instances?appId=${appId}`)).body).toMatchObject({
        status: 409,
        code: 'app-not-initialised',
      });
      const { versionId } = (await provider.post(`/v1/apps/${appId}/initialise`, { versionDescription: 'First' })).body;
      expect((await provider.post(`/v1/apps/${appId}/initialise`, { versionDescription: 'Again' })).body).toMatchObject({
        status: 409,
        code: 'app-initialised',
      });
      const { revisions, problems } = (await provider.get(`/v1/versions/${versionId}/review`)).body;
      expect(problems).toMatchObject([{ code: 'no-configurations' }]);
      expect((await provider.post(`/v1/versions/${versionId}/release`, { reviewed: revisions })).body).toMatchObject({
        status: 422,
        code: 'version-invalid',
        problems: [{ code: 'no-configurations' }],
      });
      await provider.until(`/v1/apps/${appId}`, ({ status }) => status === 'initialised');
      expect((await provider.get(`/v1/instances?appId=${appId}`)).body).toEqual({ items: [] });
      expect((await provider.post(`/v1/apps/${appId}/list`)).body).toMatchObject({ status: 409, code: 'no-released-version' });
    });
  });

  describe('about itself', () => {
    it('is alive and ready', async () => {
      expect((await marketplace.nobody().get('/health/live')).body).toEqual({ status: 'ok' });
      expect((await marketplace.nobody().get('/health/ready')).body).toMatchObject({ status: 'ok' });
    });

    it('sends what protects a browser, and the id of the request', async () => {
      const { headers } = await marketplace.nobody().get('/v1/marketplace/apps', { 'x-request-id': 'request-of-mine' });
      expect(headers.get('content-security-policy')).toContain("default-src 'self'");
      expect([headers.get('x-content-type-options'), headers.get('x-request-id')]).toEqual(['nosniff', 'request-of-mine']);
    });

    it('has metrics', async () => {
      expect((await marketplace.nobody().get('/metrics')).body).toContain('http_server_request_duration_seconds');
    });

    it('has an OpenAPI document in which every operation has a summary and every body a schema', async () => {
      const { body } = await marketplace.nobody().get('/openapi.json');
      expect(body.openapi).toMatch(/^3\./);
      for (const [path, operations] of Object.entries<Record<string, { summary?: string }>>(body.paths))
        for (const [method, operation] of Object.entries(operations))
          expect([method, path, operation.summary]).toEqual([method, path, expect.any(String)]);
      expect(JSON.stringify(body)).not.toContain('"#/components/schemas/"');
      expect(body.components.schemas.CreateAppDto.properties.links.items).toEqual({ $ref: '#/components/schemas/LinkDto' });
      expect(body.components.schemas.CreateAppDto.properties.platforms).toMatchObject({ type: 'array' });
      expect(body.components.schemas.CreateAppDto.required).toContain('name');
    });

    it('shows Swagger UI', async () => {
      expect((await marketplace.nobody().get('/docs')).body).toContain('swagger-ui');
    });
  });
});
