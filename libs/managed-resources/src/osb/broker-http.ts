import { randomUUID } from 'node:crypto';
import { Agent as HttpAgent, type IncomingHttpHeaders, type IncomingMessage, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { LookupFunction } from 'node:net';
import { OutcomeUnknown, TryLater } from '../errors';
import type { Customer } from '../managed-resources.port';

/** How a broker is reached, and how it knows us. Holds secrets: never logged. */
export interface BrokerEndpoint {
  /** Base URL: `https://broker.example.com`, perhaps with a path. */
  readonly url: string;
  readonly credentials: { readonly username: string; readonly password: string } | { readonly token: string };
  /** PEM; the system's authorities without it. */
  readonly certificateAuthority?: string;
  /** How names are looked up: a guarded lookup refuses addresses that no broker may have. */
  readonly lookup?: LookupFunction;
  /** Refuses a literal address that no broker may have: a socket looks up names only. */
  readonly assertAllowed?: () => Promise<void>;
}

export interface BrokerRequest {
  readonly method: 'GET' | 'PUT' | 'PATCH' | 'DELETE';
  /** Below the base URL, with query. */
  readonly path: string;
  readonly body?: object;
  readonly customer?: Customer;
}

export interface BrokerAnswer {
  readonly status: number;
  /** A JSON object; `undefined` where the answer holds none, which no broker may say. */
  readonly body: Readonly<Record<string, unknown>> | undefined;
  /** Milliseconds. */
  readonly retryAfterMs?: number;
}

/** The version of the Open Service Broker API that is spoken here. */
const API_VERSION = '2.17';
/** Name of this platform in `context` and in the originating identity. */
export const PLATFORM = 'souk';
/** Largest answer that is read, in bytes: catalogues with schemas are the longest. */
const MAX_ANSWER = 4 * 1024 * 1024;

/** HTTP to one broker. Redirects are answers like any other: nothing of ours goes to where a broker points. */
export class BrokerHttp {
  private readonly agent: HttpAgent | HttpsAgent;
  private readonly base: URL;

  constructor(
    private readonly endpoint: BrokerEndpoint,
    private readonly timeoutMs: number,
  ) {
    this.base = new URL(endpoint.url);
    const { certificateAuthority: ca, lookup } = endpoint;
    const options = { keepAlive: true, maxSockets: 16, ...(lookup && { lookup }) };
    this.agent =
      this.base.protocol === 'https:' ? new HttpsAgent({ ...options, ...(ca !== undefined && { ca }) }) : new HttpAgent(options);
  }

  /** @throws TryLater where the broker was not reached, OutcomeUnknown where no complete answer came in time */
  async send(request: BrokerRequest): Promise<BrokerAnswer> {
    await this.endpoint.assertAllowed?.();
    const signal = AbortSignal.timeout(this.timeoutMs);
    try {
      const response = await this.open(request, signal);
      const text = await textOf(response);
      const retryAfterMs = retryAfterOf(response.headers);
      return {
        status: response.statusCode ?? 0,
        body: objectIn(text),
        ...(retryAfterMs !== undefined && { retryAfterMs }),
      };
    } catch (error) {
      throw this.failure(error, signal);
    }
  }

  close(): void {
    this.agent.destroy();
  }

  private open({ method, path, body, customer }: BrokerRequest, signal: AbortSignal): Promise<IncomingMessage> {
    const { base, agent } = this;
    const text = body && JSON.stringify(body);
    const headers = {
      accept: 'application/json',
      authorization: authorizationOf(this.endpoint.credentials),
      'user-agent': PLATFORM,
      'x-broker-api-version': API_VERSION,
      'x-broker-api-request-identity': randomUUID(),
      ...(customer && { 'x-broker-api-originating-identity': identityOf(customer) }),
      ...(text !== undefined && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
    };
    // From the origin on: a path that begins with two slashes would name another host.
    const url = new URL(`${base.origin}${base.pathname.replace(/\/+$/, '')}${path}`);
    if (url.origin !== base.origin) throw new TypeError(`"${path}" leads away from ${base.host}`);
    const send = base.protocol === 'https:' ? httpsRequest : httpRequest;
    return new Promise((fulfil, reject) => {
      const request = send(url, { method, headers, agent, signal }, fulfil);
      request.on('error', reject);
      request.end(text);
    });
  }

  private failure(error: unknown, signal: AbortSignal): TryLater | OutcomeUnknown {
    const { host } = this.base;
    if (signal.aborted) return new OutcomeUnknown(`no answer from ${host} within ${this.timeoutMs} ms`, { cause: error });
    const { message, code = '' } = error as NodeJS.ErrnoException;
    if (NOT_SENT.has(code)) return new TryLater(`${host} can't be reached: ${message || code}`, undefined, { cause: error });
    return new OutcomeUnknown(`${host} did not answer: ${message || code}`, { cause: error });
  }
}

/** There was no connection: the broker has not heard of it. */
const NOT_SENT: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'address-refused',
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'ERR_TLS_CERT_ALTNAME_INVALID',
]);

function authorizationOf(credentials: BrokerEndpoint['credentials']): string {
  if ('token' in credentials) return `Bearer ${credentials.token}`;
  return `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`, 'utf8').toString('base64')}`;
}

function identityOf({ tenant, instanceId }: Customer): string {
  return `${PLATFORM} ${Buffer.from(JSON.stringify({ tenant, instanceId }), 'utf8').toString('base64')}`;
}

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response) {
    chunks.push(chunk as Buffer);
    length += (chunk as Buffer).length;
    if (length > MAX_ANSWER) throw new Error(`the answer has more than ${MAX_ANSWER} bytes`);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function objectIn(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

/** Seconds; a date is not worth the trouble of two clocks. */
function retryAfterOf(headers: IncomingHttpHeaders): number | undefined {
  const text = headers['retry-after'];
  return text !== undefined && /^\d{1,6}$/.test(text) ? Number(text) * 1000 : undefined;
}
