import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Challenge } from './challenge';
import { RegistryAccessDenied, RegistryAnswerInvalid, RegistryUnreachable } from './errors';
import type { Exchange } from './exchange';
import type { RegistryCredentials } from './image-registry.port';

/** For whom something is asked, at which registry, and what. */
export interface Asking {
  /** `docker.io` */
  readonly registry: string;
  /** `library/nginx`, or what else the request is about: for messages. */
  readonly what: string;
  /** What an authorization has to be good for, where the registry does not say. */
  readonly scope: string;
  readonly credentials?: RegistryCredentials | undefined;
  readonly signal?: AbortSignal | undefined;
}

const MAX_TOKEN_BYTES = 64 * 1024;
const MAX_TOKENS = 1_000;
/** Where the token does not say how long it is good, by the specification; and how long before its end it is not used any more. */
const TOKEN_SECONDS = 60;
const MARGIN_SECONDS = 10;

/** Headers by which registries know who asks: tokens, fetched when they are wanted and kept while they are good, or a password. */
export class Authorizations {
  private readonly known = new LRUCache<string, string>({ max: MAX_TOKENS });

  constructor(private readonly exchange: Exchange) {}

  /** What was good the last time. */
  remembered(asking: Asking): string | undefined {
    return this.known.get(keyOf(asking));
  }

  forget(asking: Asking): void {
    this.known.delete(keyOf(asking));
  }

  /** Meets a challenge. @throws RegistryAccessDenied where it can't be met */
  async answerTo(challenge: Challenge | undefined, asking: Asking): Promise<string> {
    const { registry, what, credentials } = asking;
    if (challenge?.scheme === 'bearer') return this.token(challenge, asking);
    if (challenge === undefined || credentials === undefined)
      throw new RegistryAccessDenied(what, registry, credentials !== undefined);
    const authorization = basic(credentials);
    this.known.set(keyOf(asking), authorization, { ttl: TOKEN_SECONDS * 1000 });
    return authorization;
  }

  /** The token service of the registry, by the specification of the distribution project. */
  private async token(challenge: Challenge & { readonly scheme: 'bearer' }, asking: Asking): Promise<string> {
    const { registry, what, credentials, signal } = asking;
    if (!URL.canParse(challenge.realm)) throw new RegistryAnswerInvalid(registry, 'a token service at no address');
    const url = new URL(challenge.realm);
    if (challenge.service !== undefined) url.searchParams.set('service', challenge.service);
    for (const scope of (challenge.scope ?? asking.scope).split(' ')) url.searchParams.append('scope', scope);
    if (credentials) url.searchParams.set('account', credentials.username);
    const { status, body } = await this.exchange.send({
      ...{ method: 'GET', url, accept: 'application/json', maxBytes: MAX_TOKEN_BYTES, signal },
      authorization: credentials && basic(credentials),
    });
    if (status === 401 || status === 403) throw new RegistryAccessDenied(what, registry, credentials !== undefined);
    if (status !== 200) throw new RegistryUnreachable(registry, `its token service answers ${status}`);
    const { token, seconds } = tokenOf(body, registry);
    const authorization = `Bearer ${token}`;
    const good = seconds - MARGIN_SECONDS;
    if (good > 0) this.known.set(keyOf(asking), authorization, { ttl: good * 1000 });
    return authorization;
  }
}

function tokenOf(body: Buffer, registry: string): { readonly token: string; readonly seconds: number } {
  const answer = parsed(body);
  const token = answer?.token ?? answer?.access_token;
  if (typeof token !== 'string' || !/^[\w.~+/=-]+$/.test(token)) throw new RegistryAnswerInvalid(registry, 'no token');
  const seconds = typeof answer?.expires_in === 'number' ? answer.expires_in : TOKEN_SECONDS;
  return { token, seconds: Math.min(seconds, 3600) };
}

function parsed(body: Buffer): Readonly<Partial<Record<'token' | 'access_token' | 'expires_in', unknown>>> | null {
  try {
    return JSON.parse(body.toString('utf8')) as ReturnType<typeof parsed>;
  } catch {
    return null;
  }
}

function basic({ username, password }: RegistryCredentials): string {
  return `Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}`;
}

/** Of other credentials is another token. */
function keyOf({ registry, scope, credentials }: Asking): string {
  return createHash('sha256')
    .update(JSON.stringify([registry, scope, credentials?.username, credentials?.password]))
    .digest('base64');
}
