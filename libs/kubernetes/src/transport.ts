import { Agent as HttpAgent, type IncomingHttpHeaders, type IncomingMessage, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
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
  readonly signal?: AbortSignal;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Largest answer that is read, in bytes. A page of a list stays far below. */
const MAX_ANSWER = 64 * 1024 * 1024;

/** HTTP to one endpoint, over connections that are kept. Streams have connections of their own. */
export class Transport {
  private readonly kept: HttpAgent | HttpsAgent;
  private readonly streams: HttpAgent | HttpsAgent;
  private readonly base: URL;

  constructor(
    private readonly endpoint: KubernetesEndpoint,
    private readonly timeoutMs: number,
  ) {
    this.base = new URL(endpoint.server);
    this.kept = this.agent({ keepAlive: true, maxSockets: 32 });
    this.streams = this.agent({ keepAlive: false });
  }

  /** @throws Unreachable when there is no complete answer in time */
  async send(request: Request): Promise<Answer> {
    const timeout = AbortSignal.timeout(this.timeoutMs);
    const signal = request.signal ? AbortSignal.any([timeout, request.signal]) : timeout;
    failpoint('kubernetes.before-call');
    const response = await this.open(request, this.kept, signal);
    const chunks: Buffer[] = [];
    let length = 0;
    try {
      for await (const chunk of response) {
        chunks.push(chunk as Buffer);
        length += (chunk as Buffer).length;
        if (length > MAX_ANSWER) throw new Error(`the answer has more than ${MAX_ANSWER} bytes`);
      }
      failpoint('kubernetes.after-call');
    } catch (error) {
      throw this.unreachable(error, timeout);
    }
    return { status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks).toString('utf8') };
  }

  /** The answer as it comes. The time-out is for its beginning only; the caller watches over the rest. */
  async stream(request: Request & { readonly signal: AbortSignal }): Promise<IncomingMessage> {
    const beginning = new AbortController();
    const timer = setTimeout(() => beginning.abort(new Error('time-out')), this.timeoutMs);
    try {
      return await this.open(request, this.streams, AbortSignal.any([beginning.signal, request.signal]));
    } finally {
      clearTimeout(timer);
    }
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

  private open(
    { method, path, body, contentType, accept = 'application/json' }: Request,
    agent: HttpAgent | HttpsAgent,
    signal: AbortSignal,
  ): Promise<IncomingMessage> {
    const { base, endpoint } = this;
    const headers = {
      accept,
      'user-agent': 'souk',
      ...(endpoint.token !== undefined && { authorization: `Bearer ${endpoint.token}` }),
      ...(body !== undefined && { 'content-type': contentType ?? 'application/json', 'content-length': Buffer.byteLength(body) }),
    };
    const url = new URL(`${base.pathname.replace(/\/+$/, '')}${path}`, base);
    const send = base.protocol === 'https:' ? httpsRequest : httpRequest;
    return new Promise((fulfil, reject) => {
      const request = send(url, { method, headers, agent, signal }, fulfil);
      request.on('error', (error) => reject(this.unreachable(error, signal)));
      request.end(body);
    });
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

  private unreachable(error: unknown, timeout: AbortSignal): Unreachable {
    if (timeout.aborted && (timeout.reason as Error).name === 'TimeoutError')
      return new Unreachable(`no answer from ${this.base.host} within ${this.timeoutMs} ms`, { cause: error });
    const { message, code } = error as NodeJS.ErrnoException;
    const Kind = code !== undefined && BROKEN_OFF.has(code) ? Interrupted : Unreachable;
    return new Kind(`${this.base.host} can't be reached: ${message || (code ?? 'unknown')}`, { cause: error });
  }
}

/** There was a connection, and it did not last. */
const BROKEN_OFF: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE', 'ECONNABORTED']);
