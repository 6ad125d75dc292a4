import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { InProcessBackend } from './in-process.backend';

describe('A backend in this process', () => {
  const never = new AbortController().signal;
  let server: Server;
  let backend: InProcessBackend;
  let handle: (request: IncomingMessage, response: ServerResponse) => void;

  beforeEach(() => {
    server = createServer((request, response) => {
      handle(request, response);
    });
    backend = new InProcessBackend(server);
  });
  afterEach(() => {
    backend.close();
    server.closeAllConnections();
  });

  const read = async (body: AsyncIterable<Uint8Array>): Promise<Buffer> => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of body) chunks.push(chunk);
    return Buffer.concat(chunks);
  };

  it('asks a server that listens nowhere, and again on the same connection', async () => {
    const sockets = new Set<unknown>();
    handle = (request, response) => {
      sockets.add(request.socket);
      response.setHeader('x-path', request.url!);
      request.pipe(response.writeHead(201));
    };
    for (const text of ['first', 'second']) {
      const request = { method: 'POST', path: '/a?b=c', headers: { 'x-y': 'z' }, body: Buffer.from(text) };
      const { status, headers, body } = await backend.call(request, never);
      expect([status, headers['x-path'], (await read(body)).toString()]).toEqual([201, '/a?b=c', text]);
    }
    expect(sockets.size).toBe(1);
  });

  it('carries large bodies both ways', async () => {
    const large = Buffer.alloc(3_000_000, 'ab');
    handle = (request, response) => request.pipe(response);
    const { body } = await backend.call({ method: 'PUT', path: '/', headers: {}, body: large }, never);
    expect((await read(body)).equals(large)).toBe(true);
  });

  it('holds back a server whose answer nobody reads', async () => {
    let written = 0;
    const blocked = new Promise<void>((resolve) => {
      handle = (_request, response) => {
        const chunk = Buffer.alloc(64 * 1024);
        while (response.write(chunk)) written += chunk.length;
        resolve();
      };
    });
    await backend.call({ method: 'GET', path: '/', headers: {} }, never);
    await blocked;
    expect(written).toBeLessThan(10_000_000);
  });

  it('ends a request whose caller has gone, before and after its answer has begun', async () => {
    for (const begins of [false, true]) {
      const abort = new AbortController();
      let response: ServerResponse | undefined;
      const arrived = new Promise<void>((resolve) => {
        handle = (_request, answer) => {
          response = answer;
          if (begins) answer.write('first');
          resolve();
        };
      });
      const asked = backend.call({ method: 'GET', path: '/', headers: {} }, abort.signal);
      asked.catch(() => undefined);
      await arrived;
      if (begins) await asked;
      const closed = once(response!, 'close');
      abort.abort();
      await closed;
      if (!begins) await expect(asked).rejects.toThrow('aborted');
    }
  });

  it('tells when an answer is cut off', async () => {
    handle = (_request, response) => {
      response.write('first');
      setImmediate(() => response.destroy());
    };
    const { body } = await backend.call({ method: 'GET', path: '/', headers: {} }, never);
    await expect(read(body)).rejects.toThrow();
  });

  it('refuses a header that would be two', async () => {
    const request = { method: 'GET', path: '/', headers: { 'x-y': 'a\r\nb: c' } };
    await expect(backend.call(request, never)).rejects.toThrow('Invalid character');
  });
});
