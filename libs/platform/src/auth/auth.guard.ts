import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { Forbidden, Unauthenticated } from '../http/errors';
import { type Principal, TokenVerifier } from './principal';
import { ACCESS, type Access } from './roles.decorator';

/** A request after the guard. */
export interface AuthenticatedRequest extends FastifyRequest {
  principal?: Principal;
}

/** Bearer tokens (RFC 6750) against the roles of the route. A route that names nobody is closed. */
@Injectable()
export class AuthGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly tokens: TokenVerifier,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (context.getType() !== 'http') return true;
    const access = this.reflector.getAllAndOverride<Access | undefined>(ACCESS, [context.getHandler(), context.getClass()]);
    if (access === 'public') return true;
    const request = context.switchToHttp().getRequest<AuthenticatedRequest>();
    const principal = await this.tokens.verify(bearerToken(request.headers.authorization));
    if (!access?.includes(principal.role)) throw new Forbidden(principal.role, access ?? []);
    request.principal = principal;
    return true;
  }
}

function bearerToken(header: string | undefined): string {
  const token = header && /^Bearer +([\w.~+/=-]+)$/i.exec(header)?.[1];
  if (!token) throw new Unauthenticated();
  return token;
}
