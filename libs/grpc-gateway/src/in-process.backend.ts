import { Agent, type IncomingMessage, request as httpRequest, type Server } from 'node:http';
import { memorySockets } from './memory-sockets';
import { type RestAnswer, RestBackend, type RestRequest } from './rest-backend.port';

/** Connections that are kept for the next requests. */
const MAX_IDLE = 64;

/**
 * The REST API of an HTTP server in this process: real HTTP, over connections that no network has seen. Whatever the server does to a
 * request from outside (limits, guards, streams that end when their reader is gone), it does to these.
 */
export class InProcessBackend extends RestBackend {
  private readonly agent: Agent;

  constructor(server: Server) {
    super();
    this.agent = new InProcessAgent(server);
  }

  override async call({ method, path, headers, body }: RestRequest, signal: AbortSignal): Promise<RestAnswer> {
    const length = body && { 'content-length': String(body.length) };
    const outgoing = httpRequest({
      agent: this.agent,
      method,
      path,
      headers: { host: 'localhost', ...headers, ...length },
      signal,
    });
    return new Promise((resolve, reject) => {
      outgoing.once('error', reject);
      outgoing.once('response', (response: IncomingMessage) => {
        resolve({ status: response.statusCode ?? 500, headers: response.headers, body: response });
      });
      outgoing.end(body);
    });
  }

  /** Ends what is still open. */
  close(): void {
    this.agent.destroy();
  }
}

class InProcessAgent extends Agent {
  constructor(private readonly server: Server) {
    super({ keepAlive: true, maxFreeSockets: MAX_IDLE });
  }

  override createConnection(): ReturnType<Agent['createConnection']> {
    const { client, server } = memorySockets();
    // Any duplex stream will do: https://nodejs.org/api/http.html#event-connection
    this.server.emit('connection', server);
    return client;
  }
}
