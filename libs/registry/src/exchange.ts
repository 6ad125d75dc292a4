import { Agent as HttpAgent, type IncomingHttpHeaders, type IncomingMessage, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { AddressRefused, assertPublicOrAllowed, guardedLookup } from '@souk/kubernetes';
import { RegistryAnswerInvalid, RegistryRefused, RegistryUnreachable } from './errors';

export interface Request {
  readonly method: 'GET' | 'HEAD';
  readonly url: URL;
  readonly accept: string;
  readonly authorization?: string | undefined;
  /** Largest body that is read. */
  readonly maxBytes: number;
  readonly signal?: AbortSignal | undefined;
}

export interface Answer {
  /** Who has answered, after redirects. */
  readonly origin: string;
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface ExchangeOptions {
  /** For one call with its redirects, in milliseconds. */
  readonly timeoutMs: number;
  /** Networks (CIDR) where registries may be although they are not public. */
  readonly allowed: readonly string[];
}

/** Where registries are not looked for unless the operator says so, beside what is refused to clusters. */
const PRIVATE_NETWORKS = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', '198.18.0.0/15', 'fc00::/7'];

const MAX_REDIRECTS = 5;
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/**
 * HTTP to registries, whose addresses come from whoever names an image: only public or allowed addresses, also behind a redirect and at the
 * moment of connecting; TLS everywhere but on this machine; bounded in time and size; an authorization goes to the origin it is meant for.
 */
export class Exchange {
  private readonly plain: HttpAgent;
  private readonly secure: HttpsAgent;

  constructor(private readonly options: ExchangeOptions) {
    const common = { keepAlive: true, maxSockets: 16, lookup: guardedLookup(options.allowed, PRIVATE_NETWORKS) };
    this.plain = new HttpAgent(common);
    this.secure = new HttpsAgent(common);
  }

  /** @throws RegistryUnreachable, RegistryRefused, RegistryAnswerInvalid where the answer is too large or leads in circles */
  async send(request: Request): Promise<Answer> {
    const timeout = AbortSignal.timeout(this.options.timeoutMs);
    const signal = request.signal ? AbortSignal.any([timeout, request.signal]) : timeout;
    let { url, authorization } = request;
    for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
      const answer = await this.hop({ ...request, url, authorization, signal });
      const { location } = answer.headers;
      if (!REDIRECTS.has(answer.status) || location === undefined) return answer;
      if (!URL.canParse(location, url.href)) throw new RegistryAnswerInvalid(url.host, 'a redirect to no address');
      const next = new URL(location, url);
      if (next.origin !== url.origin) authorization = undefined;
      url = next;
    }
    throw new RegistryAnswerInvalid(request.url.host, `more than ${MAX_REDIRECTS} redirects`);
  }

  close(): void {
    this.plain.destroy();
    this.secure.destroy();
  }

  private async hop(request: Request & { readonly signal: AbortSignal }): Promise<Answer> {
    const { url, signal, maxBytes } = request;
    await this.assertAllowed(url, signal);
    try {
      const response = await this.open(request);
      const chunks: Buffer[] = [];
      let length = 0;
      for await (const chunk of response as AsyncIterable<Buffer>) {
        length += chunk.length;
        if (length > maxBytes) throw new RegistryAnswerInvalid(url.host, `more than ${maxBytes} bytes`);
        chunks.push(chunk);
      }
      return { origin: url.origin, status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) };
    } catch (error) {
      throw this.failure(error, url, signal);
    }
  }

  /** @throws RegistryRefused, RegistryUnreachable */
  private async assertAllowed(url: URL, signal: AbortSignal): Promise<void> {
    if (url.protocol !== 'https:' && !(url.protocol === 'http:' && LOOPBACK.test(url.hostname)))
      throw new RegistryRefused(url.host, 'registries are asked over TLS only');
    try {
      await within(assertPublicOrAllowed(url.href, this.options.allowed, PRIVATE_NETWORKS), signal);
    } catch (error) {
      throw this.failure(error, url, signal);
    }
  }

  private open({ method, url, accept, authorization, signal }: Request): Promise<IncomingMessage> {
    const secure = url.protocol === 'https:';
    const headers = { accept, 'user-agent': 'souk', ...(authorization !== undefined && { authorization }) };
    const send = secure ? httpsRequest : httpRequest;
    return new Promise((fulfil, reject) => {
      const request = send(url, { method, headers, agent: secure ? this.secure : this.plain, signal }, fulfil);
      request.on('error', reject);
      request.end();
    });
  }

  private failure(error: unknown, { host }: URL, signal: AbortSignal): Error {
    if (error instanceof RegistryAnswerInvalid) return error;
    if (error instanceof AddressRefused) return new RegistryRefused(host, 'its address is not public');
    if (signal.aborted) return new RegistryUnreachable(host, 'no answer in time');
    const { message, code } = error as NodeJS.ErrnoException;
    return new RegistryUnreachable(host, code ?? message);
  }
}

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** Looking a name up can't be stopped; it can be left alone. */
async function within<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  return new Promise((fulfil, reject) => {
    const stop = () => reject(new Error('no answer in time'));
    signal.addEventListener('abort', stop, { once: true });
    work.then(fulfil, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}
