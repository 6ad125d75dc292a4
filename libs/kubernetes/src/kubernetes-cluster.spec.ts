import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { AccessDenied, Conflict, NotFound, Unprocessable, Unreachable } from './errors';
import { Informer, type ObjectSource } from './informer';
import { KubernetesCluster } from './kubernetes-cluster';
import type { KubernetesObject } from './kubernetes-object';

type Answer = (request: IncomingMessage, response: ServerResponse, body: string) => void;

const pod = (name: string, resourceVersion: number, uid = name): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'shop', uid, resourceVersion: String(resourceVersion) },
});

const status =
  (code: number, message: string, headers: Record<string, string> = {}): Answer =>
  (_, response) => {
    response.writeHead(code, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify({ kind: 'Status', code, message }));
  };

const paged =
  (resourceVersion: number, next: string, ...items: KubernetesObject[]): Answer =>
  (_, response) => {
    const metadata = { resourceVersion: String(resourceVersion), ...(next !== '' && { continue: next }) };
    response.end(JSON.stringify({ kind: 'PodList', metadata, items }));
  };

const list = (resourceVersion: number, ...items: KubernetesObject[]): Answer => paged(resourceVersion, '', ...items);

/** So many pods, as pages are asked for. */
const many = (count: number): Answer => {
  const note = 'x'.repeat(2_000);
  return (request, response) => {
    const query = new URL(request.url ?? '', 'http://server').searchParams;
    const from = Number(query.get('continue') ?? 0);
    const to = Math.min(count, from + Number(query.get('limit')));
    const items = Array.from({ length: to - from }, (_, i) => ({ ...pod(`pod-${from + i}`, 1), note }));
    paged(1, to < count ? String(to) : '', ...items)(request, response, '');
  };
};

const nameOf = ({ metadata }: KubernetesObject): string => metadata.name;

const line = (type: string, object: object) => `${JSON.stringify({ type, object })}\n`;

/** An API server that answers what the script says, one answer for each request; the last one for ever. */
class ScriptedServer {
  readonly requests: string[] = [];
  private readonly server: Server;
  endpoint = { server: '' };

  constructor(
    private readonly lists: Answer[],
    private readonly watches: Answer[] = [],
  ) {
    this.server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        this.requests.push(`${request.method ?? ''} ${request.url ?? ''}`);
        const script = request.url?.includes('watch=true') ? this.watches : this.lists;
        const answer = script.length > 1 ? script.shift() : script[0];
        answer?.(request, response, body);
      });
    });
  }

  async start(): Promise<this> {
    await new Promise<void>((fulfil) => this.server.listen(0, '127.0.0.1', fulfil));
    this.endpoint = { server: `http://127.0.0.1:${(this.server.address() as AddressInfo).port}` };
    return this;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((fulfil) => this.server.close(fulfil));
  }
}

const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await sleep(5);
};

describe('KubernetesCluster', () => {
  let server: ScriptedServer;
  let cluster: KubernetesCluster;

  const serve = async (
    answers: Answer[],
    watches: Answer[] = [],
    options: ConstructorParameters<typeof KubernetesCluster>[1] = {},
  ) => {
    server = await new ScriptedServer(answers, watches).start();
    cluster = new KubernetesCluster(async () => server.endpoint, { timeoutMs: 300, watchIdleMs: 100, ...options });
  };

  afterEach(async () => {
    cluster.close();
    await server.stop();
  });

  it.each([
    [404, NotFound],
    [409, Conflict],
    [422, Unprocessable],
    [403, AccessDenied],
    [503, Unreachable],
  ])("turns %i into an error with Kubernetes' message", async (code, error) => {
    await serve([status(code, 'in their words')]);
    const failure = cluster.get({ kind: 'Pod', namespace: 'shop', name: 'web' });
    await expect(failure).rejects.toThrow(error);
    await expect(failure).rejects.toThrow('in their words');
  });

  it('applies server-side, by force, under its own name', async () => {
    let applied: unknown;
    await serve([
      (request, response, body) => {
        applied = [request.headers['content-type'], body];
        response.end(body);
      },
    ]);
    const object = pod('web', 1);
    await expect(cluster.apply(object)).resolves.toEqual(object);
    expect(server.requests).toEqual(['PATCH /api/v1/namespaces/shop/pods/web?fieldManager=souk&force=true']);
    expect(applied).toEqual(['application/apply-patch+yaml', JSON.stringify(object)]);
  });

  it('waits as long as "Retry-After" says, then tries again', async () => {
    await serve([status(429, 'slow down', { 'retry-after': '0.1' }), list(1)]);
    const begun = performance.now();
    await cluster.list('Pod');
    expect(performance.now() - begun).toBeGreaterThanOrEqual(95);
  });

  it('gives up on a server that does not answer, and finds it where it comes back', async () => {
    await serve([() => undefined]);
    await expect(cluster.list('Pod')).rejects.toThrow(Unreachable);
    await server.stop();
    await expect(cluster.list('Pod')).rejects.toThrow(Unreachable);
    server = await new ScriptedServer([list(1, pod('web', 1))]).start();
    await expect(cluster.list('Pod')).resolves.toMatchObject({ items: [{ metadata: { name: 'web' } }] });
  });

  it('gives up in time as well on calls that wait for a connection', async () => {
    await serve([() => undefined]);
    const calls = Array.from({ length: 40 }, () => cluster.get({ kind: 'Pod', namespace: 'shop', name: 'web' }));
    const outcomes = await Promise.allSettled(calls);
    expect(outcomes.map((outcome) => outcome.status === 'rejected' && outcome.reason instanceof Unreachable)).not.toContain(
      false,
    );
    expect(server.requests.length).toBeLessThan(40);
  });

  it('leaves no call under way when it is closed', async () => {
    await serve([() => undefined], [], { timeoutMs: 600_000 });
    const failure = expect(cluster.get({ kind: 'Pod', namespace: 'shop', name: 'web' })).rejects.toThrow(Unreachable);
    await until(() => server.requests.length === 1);
    cluster.renew();
    cluster.close();
    await failure;
  });

  it('sends nothing after it was closed, also where it was about to: its endpoint was being looked up', async () => {
    await serve([list(1)]);
    let give: (() => void) | undefined;
    const slow = new KubernetesCluster(() => new Promise((fulfil) => (give = () => fulfil(server.endpoint))));
    const failure = expect(slow.get({ kind: 'Pod', namespace: 'shop', name: 'web' })).rejects.toThrow('the client was closed');
    await until(() => give !== undefined);
    slow.close();
    give!();
    await failure;
    expect(server.requests).toEqual([]);
  });

  it('reads lists page by page', async () => {
    await serve([paged(1, 'more', pod('a', 1)), paged(1, '', pod('b', 1))]);
    expect((await cluster.list('Pod')).items.map(nameOf)).toEqual(['a', 'b']);
    expect(server.requests[1]).toBe('GET /api/v1/pods?limit=500&continue=more');
  });

  it('begins a list anew whose later pages are gone, and says so', async () => {
    await serve([
      paged(1, 'more', pod('a', 1)),
      status(410, 'too old'),
      paged(5, 'more', pod('b', 4)),
      paged(6, '', pod('c', 6)),
    ]);
    const told = [];
    for await (const { items, ...page } of cluster.pages('Pod')) told.push({ ...page, names: items.map(nameOf) });
    expect(told).toEqual([
      { isFirst: true, resourceVersion: '1', names: ['a'] },
      { isFirst: true, resourceVersion: '5', names: ['b'] },
      // Changes since the list began are not in its first pages.
      { isFirst: false, resourceVersion: '5', names: ['c'] },
    ]);
  });

  it('asks for pages that are quickly read, however long an object is', async () => {
    const long = { ...pod('a', 1), note: 'x'.repeat(50_000) };
    await serve([paged(1, 'more', long, long), paged(1, '', long)]);
    await cluster.list('Pod');
    expect(server.requests).toEqual(['GET /api/v1/pods?limit=200', 'GET /api/v1/pods?limit=20&continue=more']);
  });

  it('leaves its rate to calls: watches that are taken up again take nothing of it', async () => {
    const over: Answer = (_, response) => response.end();
    await serve([list(1)], [over], { callsPerSecond: 0.001, burst: 1 });
    await cluster.list('Pod');
    const { signal } = new AbortController();
    for (let n = 0; n < 3; n++) await cluster.watch('Pod', {}, '1', signal, { onEvent: () => undefined });
    expect(server.requests).toHaveLength(4);
  });

  it('keeps to its rate', async () => {
    await serve([list(1)], [], { callsPerSecond: 50, burst: 2 });
    const begun = performance.now();
    await Promise.all(Array.from({ length: 7 }, () => cluster.list('Pod')));
    expect(performance.now() - begun).toBeGreaterThanOrEqual(90);
  });

  describe('watching', () => {
    const seen: string[] = [];
    const follow = () => {
      seen.length = 0;
      const informer = cluster.informer(
        'Pod',
        {},
        {
          onChange: ({ metadata }) => seen.push(`${metadata.name}@${metadata.resourceVersion ?? ''}`),
          backOff: { first: 10, longest: 20 },
        },
      );
      return informer.start();
    };
    const names = (informer: ReturnType<typeof follow>) => [...informer.inNamespace('shop')].map(({ metadata }) => metadata.name);
    const silent: Answer = (_, response) => response.writeHead(200).flushHeaders();

    it('lists, then follows', async () => {
      const watch: Answer = (_, response) => {
        response.write(line('MODIFIED', pod('a', 2)));
        response.write(line('ADDED', pod('b', 3)).slice(0, 20));
        setTimeout(() => response.write(`${line('ADDED', pod('b', 3)).slice(20)}${line('DELETED', pod('a', 4))}`), 10);
      };
      await serve([list(1, pod('a', 1))], [watch]);
      const informer = follow();
      await until(() => seen.length >= 4);
      expect(seen).toEqual(['a@1', 'a@2', 'b@3', 'a@4']);
      expect(names(informer)).toEqual(['b']);
      await informer.stop();
    });

    it('takes a watch that falls silent for dead, and goes on from where it was', async () => {
      const watch: Answer = (_, response) => {
        response.write(line('BOOKMARK', { metadata: { name: '', resourceVersion: '7' } }));
      };
      const next: Answer = (_, response) => response.write(line('ADDED', pod('b', 8)));
      await serve([list(1)], [watch, next]);
      const informer = follow();
      await until(() => seen.includes('b@8'));
      const watches = server.requests.filter((request) => request.includes('watch=true'));
      expect(watches[0]).toContain('resourceVersion=1&');
      expect(watches[1]).toContain('resourceVersion=7&');
      await informer.stop();
    });

    it('lists anew when its version is too old, and notices what went in between', async () => {
      const gone: Answer = (_, response) => response.write(line('ERROR', { kind: 'Status', code: 410, message: 'too old' }));
      await serve([list(1, pod('a', 1), pod('b', 1)), list(9, pod('b', 1))], [gone, silent]);
      const informer = follow();
      await until(() => names(informer).join() === 'b');
      expect(seen).toEqual(['a@1', 'b@1', 'b@1', 'a@1']);
      await informer.stop();
    });

    it('keeps what our own call has made while the list was read, and nothing of a list that began anew', async () => {
      const late: Answer = (request, response, body) => {
        informer.put(pod('ours', 4));
        status(410, 'too old')(request, response, body);
      };
      await serve([paged(1, 'more', pod('gone', 1)), late, list(3, pod('a', 2))], [silent]);
      const informer = follow();
      await informer.synced;
      expect(names(informer)).toEqual(['ours', 'a']);
      expect(seen.at(-1)).toBe('gone@1');
      await informer.stop();
    });

    it('takes in a large cluster, and lets others have their turns meanwhile, however long a page is', async () => {
      await serve([many(2_000)], [silent], { timeoutMs: 10_000 });
      const paged = cluster.informer('Pod', {}, { onChange: () => undefined, keep: ({ note: _, ...kept }) => kept }).start();
      await paged.synced;
      expect([...paged.inNamespace('shop')]).toHaveLength(2_000);
      expect(server.requests.filter((request) => request.includes('limit=')).length).toBeGreaterThan(4);
      await paged.stop();

      let turns = 0;
      let isDone = false as boolean;
      const count = () => {
        turns++;
        if (!isDone) setImmediate(count);
      };
      const items = Array.from({ length: 20_000 }, (_, n) => pod(`pod-${n}`, 1));
      const source: ObjectSource = {
        async *pages() {
          yield { items, resourceVersion: '1', isFirst: true };
        },
        watch: (...call) => cluster.watch(...call),
      };
      const keep = (object: KubernetesObject) => JSON.parse(JSON.stringify(object)) as KubernetesObject;
      const informer = new Informer(source, 'Pod', {}, { onChange: () => undefined, keep });
      setImmediate(count);
      await informer.start().synced;
      isDone = true;
      expect([...informer.inNamespace('shop')]).toHaveLength(20_000);
      expect(turns).toBeGreaterThan(4);
      await informer.stop();
    });

    it('goes on from where it was after the connection was cut', async () => {
      const cut: Answer = (_, response) => {
        response.write(line('ADDED', pod('a', 5)));
        setTimeout(() => response.destroy(), 5);
      };
      const next: Answer = (_, response) => response.write(line('ADDED', pod('b', 6)));
      await serve([list(1)], [cut, next]);
      const informer = follow();
      await until(() => seen.includes('b@6'));
      expect(server.requests.filter((request) => !request.includes('watch=true'))).toHaveLength(1);
      expect(server.requests.at(-1)).toContain('resourceVersion=5&');
      await informer.stop();
    });

    it('lists anew when no watch gets through', async () => {
      await serve(
        [list(1, pod('a', 1)), list(9, pod('a', 9))],
        [status(500, 'no'), status(500, 'no'), status(500, 'no'), silent],
      );
      const informer = follow();
      await until(() => seen.includes('a@9'));
      await informer.stop();
    });

    it('does not let an old event undo what our own call answered', async () => {
      let tell!: () => void;
      const watch: Answer = (_, response) => {
        tell = () => response.write(line('MODIFIED', pod('a', 2)) + line('ADDED', pod('b', 6)));
      };
      await serve([list(1, pod('a', 1))], [watch]);
      const informer = follow();
      await until(() => typeof tell === 'function');
      informer.put(pod('a', 5));
      tell();
      await until(() => seen.includes('b@6'));
      expect(informer.get('shop', 'a')?.metadata.resourceVersion).toBe('5');
      await informer.stop();
    });
  });
});
