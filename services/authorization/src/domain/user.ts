import type { Role } from '@souk/contracts';
import { assertNever } from '@souk/event-sourcing';
import type { UserEvent } from './user.events';

/** One who signs in: a person, or a machine such as a gateway or a billing system. */
export type User = NoUser | ActiveUser | DisabledUser;

export interface NoUser {
  readonly status: 'none';
}

interface Registered {
  readonly userId: string;
  readonly tenantId: string;
  readonly role: Role;
  readonly displayName: string | null;
  readonly tokens: ReadonlyMap<string, IssuedToken>;
}

export interface IssuedToken {
  readonly issuedAt: string;
  readonly expiresAt: string;
  readonly revoked: boolean;
}

export interface ActiveUser extends Registered {
  readonly status: 'active';
}

export interface DisabledUser extends Registered {
  readonly status: 'disabled';
}

export const noUser: User = { status: 'none' };

export function evolveUser(state: User, event: UserEvent): User {
  switch (event.type) {
    case 'UserRegistered':
      return { status: 'active', ...event.data, tokens: new Map() };
    case 'UserDisabled':
      return state.status === 'active' ? { ...state, status: 'disabled' } : state;
    case 'AccessTokenIssued': {
      const { tokenId, issuedAt, expiresAt } = event.data;
      return withToken(state, tokenId, { issuedAt, expiresAt, revoked: false });
    }
    case 'AccessTokenRevoked': {
      const known = state.status === 'none' ? undefined : state.tokens.get(event.data.tokenId);
      return known ? withToken(state, event.data.tokenId, { ...known, revoked: true }) : state;
    }
    default:
      return assertNever(event);
  }
}

function withToken(state: User, tokenId: string, token: IssuedToken): User {
  return state.status === 'none' ? state : { ...state, tokens: new Map([...state.tokens, [tokenId, token]]) };
}
