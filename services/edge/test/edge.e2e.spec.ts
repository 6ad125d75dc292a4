import { once } from 'node:events';
import { type ClientRequest, type IncomingMessage, request as httpRequest } from 'node:http';
import { type RunningEdge, startEdge } from '../src/edge';
import { services } from '../src/routes';
import { answering, echoing, edgeConfigFor, type Handler, StandInReplica } from './stand-in-services';

interface Echo {
  readonly name: string;
  readonly url: string;
  readonly body: unknown;
  readonly headers: Readonly<Record<string, string>>;
}

describe('The edge', () => {
  const replicas: StandInReplica[] = [];
  let edge: RunningEdge;

  const replica = async (handler: Handler): Promise<StandInReplica> => {
    const started = await new StandInReplica(handler).start();
    replicas.push(started);
    return started;
  };
  const start = async (others: Parameters<typeof edgeConfigFor>[1] = {}, rest = echoing('any')): Promise<void> => {
    edge = await startEdge(edgeConfigFor((await replica(rest)).address, others));
  };
  const get = (path: string, init: RequestInit = {}): Promise<Response> => fetch(edge.url + path, init);
  const echo = async (path: string, init: RequestInit = {}): Promise<Echo> => (await (await get(path, init)).json()) as Echo;

  afterEach(async () => {
    await edge.close();
    await Promise.all(replicas.splice(0).map((one) => one.kill()));
  });

  describe('passes requests on', () => {
    it('to the service that answers what lies below the path', async () => {
      const release = await replica(echoing('release'));
      await start({ release: [release.address] });
      expect((await echo('/v1/apps/app_1')).name).toBe('any');
      const { name, url } = await echo('/v1/apps/app_1/versions?limit=2');
      expect({ name, url }).toEqual({ name: 'release', url: '/v1/apps/app_1/versions?limit=2' });
    });

    it('with their bodies and headers, without those of the connection, and with an id', async () => {
      await start();
      const { body, headers } = await echo('/v1/apps', {
        method: 'POST',
        body: JSON.stringify({ name: 'Gästebuch' }),
        headers: {
          'content-type': 'application/json',
          authorization: 'Bearer t',
          'x-request-id': 'request-42',
          'proxy-authorization': 'x',
        },
      });
      expect(body).toEqual({ name: 'Gästebuch' });
      expect(headers).toMatchObject({ authorization: 'Bearer t', 'x-request-id': 'request-42', 'x-forwarded-for': '127.0.0.1' });
      expect(headers).not.toHaveProperty('proxy-authorization');
    });

    it('and gives an Idempotency-Key to those that write and have none', async () => {
      await start();
      expect((await echo('/v1/apps', { method: 'POST' })).headers['idempotency-key']).toMatch(/^[\da-f-]{36}$/);
      const given = { 'idempotency-key': 'mine' };
      expect((await echo('/v1/apps', { method: 'POST', headers: given })).headers['idempotency-key']).toBe('mine');
      expect((await echo('/v1/apps')).headers).not.toHaveProperty('idempotency-key');
    });

    it('by turns over the replicas that are ready', async () => {
      const [first, second, third] = [await replica(echoing('1')), await replica(echoing('2')), await replica(echoing('3'))];
      third.ready = false;
      await start({ release: [first.address, second.address, third.address] });
      const names = await Promise.all(Array.from({ length: 8 }, async () => (await echo('/v1/versions/v')).name));
      expect(new Set(names)).toEqual(new Set(['1', '2']));
    });
  });

  describe('when a replica', () => {
    it('has gone away, asks another one', async () => {
      const [first, second] = [await replica(echoing('1')), await replica(echoing('2'))];
      await start({ release: [first.address, second.address] });
      await first.kill();
      const names = await Promise.all(Array.from({ length: 4 }, async () => (await echo('/v1/versions/v')).name));
      expect(names).toEqual(['2', '2', '2', '2']);
    });

    it.each(['GET', 'POST', 'PUT', 'DELETE'])(
      'goes away in the middle of a %s, sends the same again to another one',
      async (method) => {
        const dying: Handler = (request) => void request.socket.destroy();
        const [first, second] = [await replica(dying), await replica(echoing('2'))];
        await start({ release: [first.address, second.address] });
        for (let i = 0; i < 2; i++) expect((await echo('/v1/versions/v', { method })).name).toBe('2');
        const keys = [...first.seen, ...second.seen].map(({ headers }) => headers['idempotency-key']);
        if (method !== 'GET') expect(new Set(keys).size).toBe(2);
        expect(first.seen.length).toBeGreaterThan(0);
      },
    );

    it('goes away while it had a request that uses something up, does not send it again', async () => {
      const dying: Handler = (request) => void request.socket.destroy();
      const [first, second] = [await replica(dying), await replica(dying)];
      await start({ deployment: [first.address, second.address] });
      const answer = await get('/open/v1/instance');
      expect(answer.status).toBe(502);
      expect(await answer.json()).toMatchObject({ code: 'bad-gateway', status: 502 });
      expect(first.seen.length + second.seen.length).toBe(1);
    });

    it('says that the request was misdirected, asks the others, and tells so when all of them say so', async () => {
      const misdirected = answering({ code: 'not-active' }, 421);
      const [first, second] = [await replica(misdirected), await replica(echoing('2'))];
      await start({ release: [first.address, second.address] });
      expect((await echo('/v1/versions/v', { method: 'POST' })).name).toBe('2');
      second.handler = misdirected;
      const answer = await get('/v1/versions/v', { method: 'POST' });
      expect(answer.status).toBe(421);
      expect(await answer.json()).toEqual({ code: 'not-active' });
    });

    it('is the only one and comes back soon, waits for it', async () => {
      const only = await replica(echoing('1'));
      await start({ release: [only.address] });
      await only.kill();
      const answer = echo('/v1/versions/v');
      await only.start();
      expect((await answer).name).toBe('1');
    });
  });

  describe('tells as problem details', () => {
    it('that a service is away', async () => {
      const gone = await replica(echoing('gone'));
      await start({ audit: [gone.address] });
      await gone.kill();
      const answer = await get('/v1/history');
      expect(answer.status).toBe(503);
      expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
      expect(answer.headers.get('retry-after')).toBe('1');
      expect(await answer.json()).toMatchObject({ code: 'service-unavailable', detail: "audit can't be reached at the moment" });
    });

    it('that nobody answers what lies below a path', async () => {
      await start();
      expect(await (await get('/v1/unheard-of?token=secret')).json()).toMatchObject({
        code: 'not-found',
        detail: 'Cannot GET /v1/unheard-of',
      });
    });

    it('that a body is too large for its route, before the service is asked', async () => {
      const orchestration = await replica(answering({}));
      await start({ orchestration: [orchestration.address] });
      const status = async (path: string, size: number): Promise<number> =>
        (await get(path, { method: 'PUT', body: 'x'.repeat(size) })).status;
      expect(await status('/v1/configurations/c/topology', 4 << 20)).toBe(200);
      expect(await status('/v1/configurations/c/topology', (4 << 20) + 1)).toBe(413);
      expect(await status('/v1/configurations/c', (1 << 20) + 1)).toBe(413);
      expect(orchestration.seen).toHaveLength(1);
    });
  });

  describe('with a request whose body does not come', () => {
    /** Says that there is a body, and does not send all of it. */
    const begin = (path: string, length = 1_000): ClientRequest => {
      const request = httpRequest(edge.url + path, { method: 'POST', headers: { 'content-length': length } });
      request.on('error', () => undefined).write('x');
      return request;
    };
    const answered = async (request: ClientRequest): Promise<number> => {
      const [{ statusCode }] = (await once(request, 'response')) as [IncomingMessage];
      request.destroy();
      return statusCode!;
    };

    it('answers without it where nobody would take it', async () => {
      await start();
      expect(await answered(begin('/nowhere'))).toBe(404);
    });

    it('answers without it where it would be too large', async () => {
      await start();
      expect(await answered(begin('/v1/apps', 2 << 20))).toBe(413);
    });

    it('ends it after a while', async () => {
      edge = await startEdge({ ...edgeConfigFor((await replica(echoing('any'))).address), requestWithinMs: 50 });
      expect(await answered(begin('/v1/apps'))).toBe(408);
    });
  });

  describe('with server-sent events', () => {
    const told: Handler = (_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write('id: 1\ndata: {}\n\n');
    };

    it('passes on each as it comes, and ends the stream when it ends itself', async () => {
      await start({ deployment: [(await replica(told)).address] });
      const { body } = await get('/v1/operations/o/events');
      const reader = body!.pipeThrough(new TextDecoderStream()).getReader();
      expect((await reader.read()).value).toBe('id: 1\ndata: {}\n\n');
      await Promise.all([edge.close(), expect(reader.read()).resolves.toMatchObject({ done: true })]);
    });

    it('ends the stream when the replica goes away, so that the listener comes back', async () => {
      const one = await replica(told);
      await start({ deployment: [one.address] });
      const { body } = await get('/v1/operations/o/events');
      const reader = body!.pipeThrough(new TextDecoderStream()).getReader();
      await reader.read();
      await one.kill();
      await expect(reader.read()).resolves.toMatchObject({ done: true });
    });

    it('lets go of the replica when the listener has gone', async () => {
      const gone = new Promise<void>((resolve) => {
        void replica((request, response) => {
          response.once('close', resolve);
          void told(request, response);
        }).then(async (one) => {
          await start({ deployment: [one.address] });
          const controller = new AbortController();
          await get('/v1/operations/o/events', { signal: controller.signal });
          controller.abort();
        });
      });
      await gone;
      expect(edge.url).toMatch(/^http/);
    });
  });

  describe('joins', () => {
    it('the descriptions of all services to one', async () => {
      const part = (path: string, schema: string): Handler =>
        answering({ openapi: '3.0.0', paths: { [path]: {} }, components: { schemas: { [schema]: {} } }, tags: [{ name: path }] });
      const release = await replica(part('/v1/versions', 'VersionDto'));
      await start({ release: [release.address] }, part('/v1/apps', 'AppDto'));
      expect(await (await get('/openapi.json')).json()).toEqual({
        openapi: '3.0.0',
        paths: { '/v1/apps': {}, '/v1/versions': {} },
        components: { schemas: { AppDto: {}, VersionDto: {} } },
        tags: [{ name: '/v1/apps' }, { name: '/v1/versions' }],
      });
    });

    it('no description of a part for longer than that part is all there is', async () => {
      const audit = await replica(answering({ code: 'internal' }, 500));
      await start({ audit: [audit.address] }, answering({ paths: { '/v1/apps': {} } }));
      const paths = async (): Promise<string[]> => {
        const { paths } = (await (await get('/openapi.json')).json()) as { paths: object };
        return Object.keys(paths);
      };
      expect(await paths()).toEqual(['/v1/apps']);
      audit.handler = answering({ paths: { '/v1/history': {} } });
      expect((await paths()).sort()).toEqual(['/v1/apps', '/v1/history']);
    });

    it('refusals of all services to one, and holds no connection for the others', async () => {
      const long = { code: 'unauthorized', detail: 'x'.repeat(8 << 20) };
      let left = services.length;
      await new Promise<void>((resolve, reject) => {
        const refusing: Handler = (request, response) => {
          response.once('finish', () => --left === 0 && resolve());
          return answering(long, 401)(request, response);
        };
        void start({}, refusing)
          .then(async () => expect(await (await get('/v1/read-models')).json()).toEqual(long))
          .catch(reject);
      });
    });

    it('read models of all services for whoever asks for the head alone', async () => {
      await start({}, answering({ items: [] }));
      expect((await get('/v1/read-models', { method: 'HEAD' })).status).toBe(200);
    });

    it('read models of all services, and names the service where several have one of that name', async () => {
      const models = (...names: string[]): Handler => {
        return (request, response) =>
          request.url === '/v1/read-models'
            ? answering({ items: names.map((name) => ({ name })) })(request, response)
            : names.some((name) => request.url!.startsWith(`/v1/read-models/${name}/`))
              ? answering({ rebuilt: request.url, of: names })(request, response)
              : answering({ code: 'not-found' }, 404)(request, response);
      };
      const release = await replica(models('versions', 'deadlines'));
      const audit = await replica(models('deadlines'));
      await start({ release: [release.address], audit: [audit.address] }, models());
      expect(await (await get('/v1/read-models')).json()).toEqual({
        items: [
          { name: 'audit.deadlines', service: 'audit' },
          { name: 'release.deadlines', service: 'release' },
          { name: 'versions', service: 'release' },
        ],
      });
      const rebuild = async (name: string): Promise<unknown> =>
        (await get(`/v1/read-models/${name}/rebuild`, { method: 'POST' })).json();
      expect(await rebuild('versions')).toMatchObject({ of: ['versions', 'deadlines'] });
      expect(await rebuild('audit.deadlines')).toEqual({ rebuilt: '/v1/read-models/deadlines/rebuild', of: ['deadlines'] });
      expect((await get('/v1/read-models/unheard-of/rebuild', { method: 'POST' })).status).toBe(404);
    });

    it('read models of those that are there, and says who is missing', async () => {
      const audit = await replica(answering({}));
      await start({ audit: [audit.address] }, answering({ items: [] }));
      await audit.kill();
      expect(await (await get('/v1/read-models')).json()).toEqual({ items: [], missing: ['audit'] });
    });

    it('what every service knows of a parked message with what its own service knows', async () => {
      const waiting = { messages: 3, more: false };
      const owner = await replica(answering({ group: 'commerce-fulfilment', waiting }, 200, { etag: '"1"' }));
      await start({ commerce: [owner.address] }, answering({ group: 'commerce-fulfilment', waiting: { messages: 0 } }));
      const answer = await get('/v1/parked-messages/m');
      expect(answer.headers.get('etag')).toBe('"1"');
      expect(await answer.json()).toMatchObject({ waiting });
    });

    it('health: up while every service has a replica that is ready', async () => {
      const audit = await replica(answering({}));
      audit.ready = false;
      await start({ audit: [audit.address] });
      const answer = await get('/health');
      expect(answer.status).toBe(503);
      expect(await answer.json()).toMatchObject({
        status: 'error',
        details: { audit: { status: 'down', replicas: { unready: 1 } }, release: { status: 'up', replicas: { ready: 1 } } },
      });
      expect((await get('/health/ready')).status).toBe(200);
    });
  });

  it('serves metrics on a port of their own alone', async () => {
    const audit = await replica(answering({}));
    audit.ready = false;
    const config = edgeConfigFor((await replica(answering({}))).address, { audit: [audit.address] });
    edge = await startEdge({ ...config, metricsPort: 0 });
    const metrics = `http://127.0.0.1:${edge.metricsPort}`;
    expect(await (await fetch(`${metrics}/metrics`)).text()).toContain('souk_edge_replicas{service="audit",state="unready"} 1');
    expect((await fetch(`${metrics}/v1/apps`)).status).toBe(404);
    expect((await get('/metrics')).status).toBe(404);
  });
});
