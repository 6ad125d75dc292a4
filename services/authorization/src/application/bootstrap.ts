import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { derivedId, platformTenant } from '@souk/contracts';
import { type CommandContext, CommandHandler, derivedUuid, RevisionMismatch } from '@souk/event-sourcing';
import type { User } from '../domain/user';
import { userAggregate } from '../domain/user.decide';
import { Users } from './users';

/** The first operator, who registers everybody else. */
export const FIRST_OPERATOR = derivedId('user', 'souk', 'operator');

const ONE_YEAR = 365 * 24 * 3600;

/** Makes the first operator: somebody has to be there who can let others in. */
@Injectable()
export class Bootstrap {
  constructor(
    private readonly users: Users,
    private readonly commands: CommandHandler,
  ) {}

  /**
   * At the first start: registers the platform's tenant with its operator and answers the operator's token, valid for a year.
   * `undefined` at every later start, and for all but one of several processes that start at once. A start that was killed before the token
   * was issued counts as none.
   */
  async ensureOperator(): Promise<{ readonly token: string } | undefined> {
    if (hasToken((await this.commands.load(userAggregate, FIRST_OPERATOR)).state)) return undefined;
    await this.users.registerTenant(platformTenant, 'Platform', contextOf('tenant'));
    const operator = { userId: FIRST_OPERATOR, tenantId: platformTenant, role: 'operator', displayName: 'Operator' } as const;
    const { state, revision } = await this.users.registerUser(operator, contextOf('user'));
    if (hasToken(state)) return undefined;
    try {
      return await this.issue({ ...contextOf('token', randomUUID()), ifMatch: revision });
    } catch (error) {
      if (error instanceof RevisionMismatch) return undefined;
      throw error;
    }
  }

  /** Another token for the first operator, for one who has lost theirs. Earlier ones stay valid until they expire or are revoked. */
  async issueNewOperatorToken(): Promise<{ readonly token: string }> {
    await this.ensureOperator();
    return this.issue(contextOf('token', randomUUID()));
  }

  private async issue(context: CommandContext): Promise<{ readonly token: string }> {
    const { accessToken } = await this.users.issueToken(FIRST_OPERATOR, ONE_YEAR, context);
    return { token: accessToken };
  }
}

function hasToken(user: User): boolean {
  return user.status !== 'none' && user.tokens.size > 0;
}

function contextOf(...parts: readonly string[]): CommandContext {
  const commandId = derivedUuid('bootstrap', ...parts);
  return { commandId, correlationId: commandId, causationId: commandId, actor: { kind: 'system', id: 'bootstrap' } };
}
