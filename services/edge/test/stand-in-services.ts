import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import type { EdgeConfig } from '../src/config';
import { services } from '../src/routes';

export type Handler = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

/** A replica of a service, as far as the edge sees it: ready, and answering what the test says. It counts what it was asked. */
export class StandInReplica {
  private server: Server | undefined;
  private port = 0;
  ready = true;
  readonly seen: { readonly method: string; readonly url: string; readonly headers: IncomingMessage['headers'] }[] = [];

  constructor(public handler: Handler) {}

  async start(): Promise<this> {
    this.server = createServer((request, response) => {
      if (request.url === '/health/ready') {
        response.writeHead(this.ready ? 200 : 503).end();
        return;
      }
      this.seen.push({ method: request.method!, url: request.url!, headers: request.headers });
      void this.handler(request, response);
    });
    await new Promise<void>((resolve) => this.server!.listen(this.port, '127.0.0.1', resolve));
    this.port = (this.server.address() as AddressInfo).port;
    return this;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** Gone at once, with everything that is under way. */
  async kill(): Promise<void> {
    const { server } = this;
    if (!server?.listening) return;
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  }
}

/** Answers JSON. */
export function answering(body: unknown, status = 200, headers: Record<string, string> = {}): Handler {
  return (_, response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
  };
}

/** What was asked, and by whom it was answered. */
export function echoing(name: string): Handler {
  return async (request, response) => {
    const body: unknown = (request.headers['content-length'] ?? '0') !== '0' ? await json(request) : undefined;
    await answering({ name, method: request.method, url: request.url, body, headers: request.headers })(request, response);
  };
}

/** Every service at one address, except for those that are given. */
export function edgeConfigFor(address: string, others: Partial<EdgeConfig['upstreams']> = {}): EdgeConfig {
  const all = Object.fromEntries(services.map((name) => [name, [address]])) as unknown as EdgeConfig['upstreams'];
  return { port: 0, host: '127.0.0.1', logLevel: 'silent', drainMs: 0, patienceMs: 1_000, upstreams: { ...all, ...others } };
}
