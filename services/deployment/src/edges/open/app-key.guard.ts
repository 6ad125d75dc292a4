import { createHash } from 'node:crypto';
import { type CanActivate, createParamDecorator, type ExecutionContext, Injectable } from '@nestjs/common';
import { AuthorizationQueries, type Decision } from '@souk/contracts';
import { DomainError } from '@souk/event-sourcing';
import type { FastifyRequest } from 'fastify';

/** The instance that signed the request. */
export type Caller = Extract<Decision, { allowed: true }>;

type OpenRequest = FastifyRequest<{ Querystring: Record<string, string | string[]> }> & { caller?: Caller; rawBody?: Buffer };

/** Unknown key, bad signature, replay, revoked key: all alike. */
export class SignatureRefused extends DomainError {
  readonly code = 'unauthenticated';
}

export class NotGranted extends DomainError {
  readonly code = 'not-granted';
}

/** Routes of the open API are called by instances: the signature says which one, its grants say whether it may. */
@Injectable()
export class AppKeyGuard implements CanActivate {
  constructor(private readonly authorization: AuthorizationQueries) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<OpenRequest>();
    const decision = await this.authorization.decide({
      method: request.method,
      path: request.url.split('?', 1)[0] ?? '/',
      query: request.query,
      headers: Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)])),
      ...(request.rawBody?.length && { bodySha256: createHash('sha256').update(request.rawBody).digest('base64') }),
    });
    if (!decision.allowed)
      throw decision.code === 'not-granted' ? new NotGranted(decision.detail) : new SignatureRefused(decision.detail);
    request.caller = decision;
    return true;
  }
}

/** The {@link Caller}, behind the guard. */
export const CallingInstance = createParamDecorator((_: unknown, context: ExecutionContext): Caller => {
  const { caller } = context.switchToHttp().getRequest<OpenRequest>();
  if (!caller) throw new SignatureRefused('the request is not signed');
  return caller;
});
