import { Injectable } from '@nestjs/common';
import type { Role } from '@souk/contracts';
import { type CommandContext, CommandHandler, type CommandOutcome, derivedUuid } from '@souk/event-sourcing';
import { Clock, NotFound } from '@souk/platform';
import { type Tenant, tenantAggregate } from '../domain/tenant';
import type { TenantEvent } from '../domain/tenant.events';
import type { User } from '../domain/user';
import { userAggregate } from '../domain/user.decide';
import type { AccessTokenIssued, UserEvent } from '../domain/user.events';
import { AccessTokenVerifier } from './access-token-verifier';
import { TokenCodec } from './token-codec.port';

/** A token in the hands of the one who asked for it, and nowhere else. */
export interface IssuedAccessToken {
  readonly accessToken: string;
  readonly tokenId: string;
  /** Seconds from its issue. */
  readonly expiresIn: number;
  readonly outcome: CommandOutcome<User, UserEvent>;
}

/** Tenants, their users, and the users' access tokens. */
@Injectable()
export class Users {
  constructor(
    private readonly commands: CommandHandler,
    private readonly codec: TokenCodec,
    private readonly verifier: AccessTokenVerifier,
    private readonly clock: Clock,
  ) {}

  async registerTenant(tenantId: string, name: string, context: CommandContext): Promise<CommandOutcome<Tenant, TenantEvent>> {
    return this.commands.handle(tenantAggregate, tenantId, { type: 'register-tenant', tenantId, name }, context);
  }

  /** @throws NotFound where there is no such tenant */
  async registerUser(
    input: { readonly userId: string; readonly tenantId: string; readonly role: Role; readonly displayName: string },
    context: CommandContext,
  ): Promise<CommandOutcome<User, UserEvent>> {
    const { state } = await this.commands.load(tenantAggregate, input.tenantId);
    if (state.status === 'none') throw new NotFound('tenant', input.tenantId);
    return this.commands.handle(userAggregate, input.userId, { type: 'register-user', ...input }, context);
  }

  /** @throws UserNotFound */
  async disable(userId: string, context: CommandContext): Promise<CommandOutcome<User, UserEvent>> {
    const outcome = await this.commands.handle(userAggregate, userId, { type: 'disable-user', userId }, context);
    this.verifier.forget([userId]);
    return outcome;
  }

  /** The same command again answers the same token: it follows from the fact that it was issued. @throws UserNotFound, UserIsDisabled */
  async issueToken(userId: string, expiresInSeconds: number, context: CommandContext): Promise<IssuedAccessToken> {
    const now = Math.floor(this.clock.now().getTime() / 1000);
    const command = {
      type: 'issue-access-token',
      userId,
      tokenId: derivedUuid('access-token', userId, context.commandId),
      issuedAt: isoOf(now),
      expiresAt: isoOf(now + expiresInSeconds),
    } as const;
    const outcome = await this.commands.handle(userAggregate, userId, command, context);
    const issued = outcome.events.find((recorded) => recorded.event.type === 'AccessTokenIssued')?.event as
      AccessTokenIssued | undefined;
    const { state } = outcome;
    if (!issued || state.status === 'none') throw new Error(`user "${userId}": command ${context.commandId} is of another kind`);
    const { tokenId, issuedAt, expiresAt } = issued.data;
    const times = { issuedAt: secondsOf(issuedAt), expiresAt: secondsOf(expiresAt) };
    const accessToken = await this.codec.encode({ tokenId, user: userId, tenant: state.tenantId, role: state.role, ...times });
    return { accessToken, tokenId, expiresIn: times.expiresAt - times.issuedAt, outcome };
  }

  /** @throws UserNotFound, TokenNotFound */
  async revokeToken(userId: string, tokenId: string, context: CommandContext): Promise<CommandOutcome<User, UserEvent>> {
    const outcome = await this.commands.handle(userAggregate, userId, { type: 'revoke-access-token', userId, tokenId }, context);
    this.verifier.forget([userId]);
    return outcome;
  }
}

function isoOf(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}

function secondsOf(iso: string): number {
  return Date.parse(iso) / 1000;
}
