import {
  Agent as HttpAgent,
  type ClientRequest,
  type IncomingMessage,
  request as httpRequest,
  type RequestOptions,
} from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { urlToHttpOptions } from 'node:url';
import { failpoint } from '@souk/failpoints';
import type { KubernetesEndpoint } from './endpoint';
import { Interrupted, Unreachable } from './errors';

export interface Request {
  readonly method: 'GET' | 'PATCH' | 'DELETE' | 'POST';
  /** With query. */
  readonly path: string;
  readonly body?: string;
  readonly contentType?: string;
  readonly accept?: string;
}

export interface Answer {
  readonly status: number;
  /** Header of a refusal. */
  readonly retryAfter?: string | undefined;
  readonly body: string;
}

/** Largest answer that is read, in characters. A page of a list stays far below. */
const MAX_ANSWER = 64 * 1024 * 1024;

/**
 * HTTP to one endpoint, over connections that are kept. Streams have connections of their own. Calls are many and short: what they have in
 * common is made once, and none has a signal or a stream of its own to be listened to.
 */
export class Transport {
  private readonly kept: HttpAgent | HttpsAgent;
  private readonly streams: HttpAgent | HttpsAgent;
  private readonly base: URL;
  private readonly root: string;
  private readonly server: Pick<RequestOptions, 'protocol' | 'hostname' | 'port'>;
  /** Name and value in turns: as a list they are neither copied nor asked for one by one. */
  private readonly headers: readonly string[];

  /** @param underWay of each call that waits for its answer, how to make it fail; shared by all connections to a cluster */
  constructor(
    private readonly endpoint: KubernetesEndpoint,
    private readonly timeoutMs: number,
    private readonly underWay: Set<(error: Unreachable) => void>,
  ) {
    this.base = new URL(endpoint.server);
    this.root = this.base.pathname.replace(/\/+$/, '');
    const { protocol, hostname, port } = urlToHttpOptions(this.base);
    this.server = { protocol, hostname, port };
    const authorization = endpoint.token === undefined ? [] : ['authorization', `Bearer ${endpoint.token}`];
    this.headers = ['host', this.base.host, 'user-agent', 'souk', ...authorization];
    this.kept = this.agent({ keepAlive: true, maxSockets: 32 });
    this.streams = this.agent({ keepAlive: false });
  }

  /** @throws Unreachable when there is no complete answer in time */
  send(request: Request): Promise<Answer> {
    return new Promise((fulfil, reject) => {
      failpoint('kubernetes.before-call');
      const call = this.begin(request, this.kept);
      const timer = setTimeout(() => fail(this.late()), this.timeoutMs);
      const isOver = () => {
        clearTimeout(timer);
        this.underWay.delete(fail);
      };
      const fail = (error: unknown) => {
        isOver();
        call.destroy();
        reject(this.unreachable(error));
      };
      this.underWay.add(fail);
      call.on('error', fail);
      call.on('response', (response) => {
        let body = '';
        response.setEncoding('utf8');
        response.on('error', fail);
        response.on('data', (chunk: string) => {
          body += chunk;
          if (body.length > MAX_ANSWER) fail(new Error(`the answer has more than ${MAX_ANSWER} characters`));
        });
        response.on('end', () => {
          try {
            failpoint('kubernetes.after-call');
          } catch (error) {
            fail(error);
            return;
          }
          isOver();
          fulfil(answerOf(response, body));
        });
      });
      call.end(request.body);
    });
  }

  /** The answer as it comes. The time-out is for its beginning only; the caller watches over the rest. */
  stream(request: Request, signal: AbortSignal): Promise<IncomingMessage> {
    return new Promise((fulfil, reject) => {
      const call = this.begin(request, this.streams, signal);
      const timer = setTimeout(() => call.destroy(this.late()), this.timeoutMs);
      call.on('error', (error) => {
        clearTimeout(timer);
        reject(this.unreachable(error));
      });
      call.on('response', (response) => {
        clearTimeout(timer);
        fulfil(response);
      });
      call.end(request.body);
    });
  }

  /** No new calls; what is under way goes on, and connections close as they become free. */
  retire(): void {
    for (const agent of [this.kept, this.streams]) {
      agent.maxFreeSockets = 0;
      for (const socket of Object.values(agent.freeSockets).flatMap((sockets) => sockets ?? [])) socket.destroy();
    }
  }

  close(): void {
    this.kept.destroy();
    this.streams.destroy();
  }

  private begin(
    { method, path, body, contentType = 'application/json', accept = 'application/json' }: Request,
    agent: HttpAgent | HttpsAgent,
    signal?: AbortSignal,
  ): ClientRequest {
    const { protocol, hostname, port } = this.server;
    const headers = [...this.headers, 'accept', accept];
    if (body !== undefined) headers.push('content-type', contentType, 'content-length', String(Buffer.byteLength(body)));
    const send = protocol === 'https:' ? httpsRequest : httpRequest;
    return send({ protocol, hostname, port, method, path: `${this.root}${path}`, headers, agent, ...(signal && { signal }) });
  }

  private agent(options: { keepAlive: boolean; maxSockets?: number }): HttpAgent | HttpsAgent {
    const { certificateAuthority, clientCertificate, tlsServerName, lookup } = this.endpoint;
    const common = { ...options, ...(lookup && { lookup }) };
    if (this.base.protocol !== 'https:') return new HttpAgent(common);
    return new HttpsAgent({
      ...common,
      ...(certificateAuthority !== undefined && { ca: certificateAuthority }),
      ...(clientCertificate && { cert: clientCertificate.certificate, key: clientCertificate.key }),
      ...(tlsServerName !== undefined && { servername: tlsServerName }),
    });
  }

  private late(): Unreachable {
    return new Unreachable(`no answer from ${this.base.host} within ${this.timeoutMs} ms`);
  }

  private unreachable(error: unknown): Unreachable {
    if (error instanceof Unreachable) return error;
    const { message, code } = error as NodeJS.ErrnoException;
    const Kind = code !== undefined && BROKEN_OFF.has(code) ? Interrupted : Unreachable;
    return new Kind(`${this.base.host} can't be reached: ${message || (code ?? 'unknown')}`, { cause: error });
  }
}

/** Headers are parsed when they are asked for, so nobody asks who does not need them. */
function answerOf(response: IncomingMessage, body: string): Answer {
  const { statusCode: status = 0 } = response;
  return status < 300 ? { status, body } : { status, body, retryAfter: response.headers['retry-after'] };
}

/** There was a connection, and it did not last. */
const BROKEN_OFF: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE', 'ECONNABORTED']);
