import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyInstance } from 'fastify';

/** The requests that a server is answering, so that it can end without breaking any. */
export class RunningRequests {
  private readonly running = new Map<ServerResponse, IncomingMessage>();
  private onEnd: () => void = () => undefined;

  /** Before the server listens. */
  constructor(private readonly server: FastifyInstance) {
    server.addHook('onRequest', (request, { raw }, done) => {
      this.running.set(raw, request.raw);
      raw.once('close', () => {
        this.running.delete(raw);
        this.onEnd();
      });
      done();
    });
  }

  /**
   * Takes no new connections, waits until everything that runs was answered, then closes all connections. Streams of server-sent events have no
   * end of their own: they are broken off, and their listeners come back to another process.
   */
  async finish(withinMs: number): Promise<void> {
    const { server } = this.server;
    if (!server.listening) return;
    server.close();
    await new Promise<void>((resolve) => {
      const patience = setTimeout(resolve, withinMs);
      this.onEnd = () => {
        if ([...this.running].some(([response, request]) => !isEventStream(request, response))) return;
        clearTimeout(patience);
        resolve();
      };
      this.onEnd();
    });
    server.closeAllConnections();
  }
}

/** Asked for, or answered: what Nest writes past `setHeader` can't be read back. */
function isEventStream({ headers }: IncomingMessage, response: ServerResponse): boolean {
  return [headers.accept, response.getHeader('content-type')].some((type) => String(type).startsWith('text/event-stream'));
}
