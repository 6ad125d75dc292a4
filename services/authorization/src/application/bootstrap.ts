import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { derivedId, platformTenant } from '@souk/contracts';
import { type CommandContext, CommandHandler, derivedUuid } from '@souk/event-sourcing';
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
   * `undefined` at every later start. A start that was killed before the token was issued counts as none.
   */
  async ensureOperator(): Promise<{ readonly token: string } | undefined> {
    const { state } = await this.commands.load(userAggregate, FIRST_OPERATOR);
    if (state.status !== 'none' && state.tokens.size > 0) return undefined;
    await this.users.registerTenant(platformTenant, 'Platform', contextOf('tenant'));
    const operator = { userId: FIRST_OPERATOR, tenantId: platformTenant, role: 'operator', displayName: 'Operator' } as const;
    await this.users.registerUser(operator, contextOf('user'));
    return this.issue(contextOf('token'));
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

function contextOf(...parts: readonly string[]): CommandContext {
  const commandId = derivedUuid('bootstrap', ...parts);
  return { commandId, correlationId: commandId, causationId: commandId, actor: { kind: 'system', id: 'bootstrap' } };
}
