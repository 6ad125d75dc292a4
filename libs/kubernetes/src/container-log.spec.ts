import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Refused, Unreachable } from './errors';
import { KubernetesCluster } from './kubernetes-cluster';

const pod = { namespace: 'shop', name: 'web-1' };

describe('What a container prints', () => {
  let server: Server;
  let cluster: KubernetesCluster;
  let answer: (response: ServerResponse, url: string) => void;

  beforeEach(async () => {
    server = createServer((request, response) => answer(response, request.url ?? ''));
    await new Promise<void>((fulfil) => server.listen(0, '127.0.0.1', fulfil));
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    cluster = new KubernetesCluster(() => Promise.resolve({ server: address }));
  });
  afterEach(async () => {
    cluster.close();
    server.closeAllConnections();
    await new Promise((fulfil) => server.close(fulfil));
  });

  const log = (options: object, signal = new AbortController().signal) =>
    cluster.log(pod, { container: 'web', ...options }, signal);

  it('comes as it is printed, until whoever reads it goes away', async () => {
    const asked: string[] = [];
    let open: ServerResponse | undefined;
    answer = (response, url) => {
      asked.push(url);
      open = response;
      response.write('first\n');
    };
    const stop = new AbortController();
    const chunks = (await log({ follow: true, tailLines: 5 }, stop.signal))[Symbol.asyncIterator]();
    expect(String((await chunks.next()).value)).toBe('first\n');
    const next = chunks.next();
    open!.write('second\n');
    expect(String((await next).value)).toBe('second\n');
    const gone = once(open!, 'close');
    stop.abort();
    await gone;
    await expect(chunks.next()).rejects.toThrow();
    expect(asked).toEqual(['/api/v1/namespaces/shop/pods/web-1/log?container=web&tailLines=5&follow=true&previous=false']);
  });

  it('is read no faster than somebody wants it', async () => {
    let written = 0;
    answer = (response) => {
      const more = () => {
        while (response.write(Buffer.alloc(64 * 1024))) written++;
        written++;
        response.once('drain', more);
      };
      more();
    };
    const stop = new AbortController();
    const chunks = (await log({ follow: true }, stop.signal))[Symbol.asyncIterator]();
    await chunks.next();
    // What fits into the buffers on the way, and then no more, however often others have their turn.
    let before = -1;
    for (let turns = 0; turns < 200 && before !== written; turns++) {
      before = written;
      for (let i = 0; i < 100; i++) await new Promise((fulfil) => setImmediate(fulfil));
    }
    expect(written).toBe(before);
    stop.abort();
  });

  it('is refused in the words of the cluster', async () => {
    answer = (response) => {
      response.writeHead(400, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ kind: 'Status', code: 400, message: 'container "web" in pod "web-1" is waiting to start' }));
    };
    await expect(log({})).rejects.toThrow(new Refused(400, 'container "web" in pod "web-1" is waiting to start'));
    cluster.close();
    await expect(log({})).rejects.toThrow(Unreachable);
  });
});
