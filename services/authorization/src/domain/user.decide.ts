import type { Role } from '@souk/contracts';
import { type Aggregate, assertNever } from '@souk/event-sourcing';
import { type ActiveUser, type DisabledUser, evolveUser, noUser, type User } from './user';
import { TokenNotFound, UserIsDisabled, UserNotFound } from './user.errors';
import type { UserEvent } from './user.events';

export interface RegisterUser {
  readonly type: 'register-user';
  readonly userId: string;
  readonly tenantId: string;
  readonly role: Role;
  readonly displayName: string;
}

export interface DisableUser {
  readonly type: 'disable-user';
  readonly userId: string;
}

export interface IssueAccessToken {
  readonly type: 'issue-access-token';
  readonly userId: string;
  readonly tokenId: string;
  readonly issuedAt: string;
  readonly expiresAt: string;
}

export interface RevokeAccessToken {
  readonly type: 'revoke-access-token';
  readonly userId: string;
  readonly tokenId: string;
}

export type UserCommand = RegisterUser | DisableUser | IssueAccessToken | RevokeAccessToken;

export const userAggregate: Aggregate<User, UserCommand, UserEvent> = {
  category: 'user',
  initial: noUser,
  decide,
  evolve: evolveUser,
  eventTypes: {
    UserRegistered: { personal: { fields: ['displayName'], tenant: ({ tenantId }) => tenantId } },
    UserDisabled: {},
    AccessTokenIssued: {},
    AccessTokenRevoked: {},
  },
  tenants: (state) => (state.status === 'none' ? [] : [state.tenantId]),
};

function decide(command: UserCommand, state: User): readonly UserEvent[] {
  switch (command.type) {
    case 'register-user':
      return register(command, state);
    case 'disable-user':
      return disable(command, state);
    case 'issue-access-token':
      return issue(command, state);
    case 'revoke-access-token':
      return revoke(command, state);
    default:
      return assertNever(command);
  }
}

function register({ type: _, ...data }: RegisterUser, state: User): readonly UserEvent[] {
  if (state.status !== 'none') return [];
  return [{ type: 'UserRegistered', data }];
}

function disable({ userId }: DisableUser, state: User): readonly UserEvent[] {
  if (registeredOr(state, userId).status === 'disabled') return [];
  return [{ type: 'UserDisabled', data: { userId } }];
}

function issue({ type: _, ...data }: IssueAccessToken, state: User): readonly UserEvent[] {
  const registered = registeredOr(state, data.userId);
  if (registered.status === 'disabled') throw new UserIsDisabled(data.userId);
  if (registered.tokens.has(data.tokenId)) return [];
  return [{ type: 'AccessTokenIssued', data }];
}

function revoke({ userId, tokenId }: RevokeAccessToken, state: User): readonly UserEvent[] {
  const token = registeredOr(state, userId).tokens.get(tokenId);
  if (!token) throw new TokenNotFound(userId, tokenId);
  if (token.revoked) return [];
  return [{ type: 'AccessTokenRevoked', data: { userId, tokenId } }];
}

function registeredOr(state: User, userId: string): ActiveUser | DisabledUser {
  if (state.status === 'none') throw new UserNotFound(userId);
  return state;
}
