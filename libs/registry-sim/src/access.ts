import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';

export interface AccessRules {
  /** `basic`: a password each time. `token`: tokens of `/token`, for the password, or for nobody where `anonymous`. */
  readonly by: 'basic' | 'token';
  readonly username: string;
  readonly password: string;
  /** Whoever shows no password is given a token as well. */
  readonly anonymous?: boolean;
  readonly tokenSeconds?: number;
}

/** Who may read. Without rules everybody may. */
export class Access {
  /** Scopes by token. */
  private readonly tokens = new Map<string, string>();

  constructor(private readonly rules: AccessRules | undefined) {}

  /** Whether the request is answered with it: refused, or a token was given. */
  answers(request: IncomingMessage, url: URL, response: ServerResponse): boolean {
    const { rules } = this;
    if (!rules) return false;
    if (url.pathname === '/token') return this.giveToken(request, url, response, rules);
    const scope = scopeOf(url);
    if (rules.by === 'basic' ? isKnown(request, rules) : this.tokens.get(bearer(request)) === scope) return false;
    const challenge =
      rules.by === 'basic'
        ? 'Basic realm="simulated"'
        : `Bearer realm="http://${request.headers.host ?? ''}/token",service="simulated",scope="${scope}"`;
    response.writeHead(401, { 'www-authenticate': challenge }).end('{"errors":[{"code":"UNAUTHORIZED"}]}');
    return true;
  }

  /** Tokens of before are good no more. */
  revokeTokens(): void {
    this.tokens.clear();
  }

  private giveToken(request: IncomingMessage, url: URL, response: ServerResponse, rules: AccessRules): true {
    const anonymous = request.headers.authorization === undefined && rules.anonymous === true;
    if (!anonymous && !isKnown(request, rules)) {
      response.writeHead(401).end();
      return true;
    }
    const token = randomBytes(16).toString('base64url');
    this.tokens.set(token, url.searchParams.get('scope') ?? '');
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ token, expires_in: rules.tokenSeconds ?? 300 }));
    return true;
  }
}

function scopeOf({ pathname }: URL): string {
  const repository = /^\/v2\/(.+)\/(?:manifests|blobs|tags)\//.exec(pathname)?.[1];
  return repository === undefined ? 'registry:catalog:*' : `repository:${repository}:pull`;
}

function bearer({ headers }: IncomingMessage): string {
  return /^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1] ?? '';
}

function isKnown({ headers }: IncomingMessage, { username, password }: AccessRules): boolean {
  return headers.authorization === `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}
