import type { Role } from '@souk/contracts';
import type { Projection } from '@souk/event-sourcing';
import type { UserEvent } from '../domain/user.events';

export interface UserDoc {
  readonly userId: string;
  readonly tenantId: string;
  readonly role: Role;
  readonly displayName: string | null;
  readonly status: 'active' | 'disabled';
  readonly createdAt: string;
  /** Those that had not expired when the newest of them was issued. */
  readonly tokens: readonly UserToken[];
}

export interface UserToken {
  readonly tokenId: string;
  readonly issuedAt: string;
  readonly expiresAt: string;
  readonly revoked: boolean;
}

export const usersProjection: Projection<UserDoc, UserEvent> = {
  name: 'users',
  version: 1,
  streamPrefixes: ['user-'],
  indexes: { byTenant: ['tenantId', 'createdAt'] },
  on: {
    UserRegistered: (_, { data: { userId, tenantId, role, displayName }, recordedAt }) => ({
      userId,
      tenantId,
      role,
      displayName,
      status: 'active',
      createdAt: recordedAt,
      tokens: [],
    }),
    UserDisabled: (user) => user && { ...user, status: 'disabled' },
    AccessTokenIssued: (user, { data: { tokenId, issuedAt, expiresAt } }) =>
      user && {
        ...user,
        tokens: [...user.tokens.filter((token) => token.expiresAt > issuedAt), { tokenId, issuedAt, expiresAt, revoked: false }],
      },
    AccessTokenRevoked: (user, { data }) =>
      user && {
        ...user,
        tokens: user.tokens.map((token) => (token.tokenId === data.tokenId ? { ...token, revoked: true } : token)),
      },
  },
};
