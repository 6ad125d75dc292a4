import { given } from '@souk/event-sourcing/testing';
import { tenantAggregate } from './tenant';
import { userAggregate } from './user.decide';
import { TokenNotFound, UserIsDisabled, UserNotFound } from './user.errors';
import type { UserEvent } from './user.events';

const userId = 'usr_1';
const data = { userId, tenantId: 'ten_1', role: 'buyer', displayName: 'Ada' } as const;
const token = { userId, tokenId: 'tok_1', issuedAt: '2026-01-01T00:00:00.000Z', expiresAt: '2026-01-01T12:00:00.000Z' };
const registered: UserEvent = { type: 'UserRegistered', data };
const disabled: UserEvent = { type: 'UserDisabled', data: { userId } };
const issued: UserEvent = { type: 'AccessTokenIssued', data: token };
const revoked: UserEvent = { type: 'AccessTokenRevoked', data: { userId, tokenId: 'tok_1' } };
const issue = { type: 'issue-access-token', ...token } as const;
const revoke = { type: 'revoke-access-token', userId, tokenId: 'tok_1' } as const;

describe('User', () => {
  describe('that does not exist', () => {
    it('is registered', () =>
      given(userAggregate)
        .when({ type: 'register-user', ...data })
        .then(registered));
    it.each([{ type: 'disable-user', userId } as const, issue, revoke])('refuses $type', (command) =>
      given(userAggregate).when(command).thenRefused(UserNotFound),
    );
  });

  describe('active', () => {
    it('is registered once', () =>
      given(userAggregate, registered)
        .when({ type: 'register-user', ...data })
        .thenNothing());
    it('gets an access token, of which the fact holds no part', () => given(userAggregate, registered).when(issue).then(issued));
    it('gets each token once', () => given(userAggregate, registered, issued).when(issue).thenNothing());
    it('loses a token', () => given(userAggregate, registered, issued).when(revoke).then(revoked));
    it('loses a token once', () => given(userAggregate, registered, issued, revoked).when(revoke).thenNothing());
    it('does not lose a token that it never had', () => given(userAggregate, registered).when(revoke).thenRefused(TokenNotFound));
    it('is disabled', () => given(userAggregate, registered).when({ type: 'disable-user', userId }).then(disabled));
  });

  describe('disabled', () => {
    it('is disabled once', () => given(userAggregate, registered, disabled).when({ type: 'disable-user', userId }).thenNothing());
    it('gets no access tokens', () => given(userAggregate, registered, disabled).when(issue).thenRefused(UserIsDisabled));
  });
});

describe('Tenant', () => {
  const tenant = { tenantId: 'ten_1', name: 'Ada and partners' };
  const command = { type: 'register-tenant', ...tenant } as const;
  it('is registered once', () => {
    given(tenantAggregate).when(command).then({ type: 'TenantRegistered', data: tenant });
    given(tenantAggregate, { type: 'TenantRegistered', data: tenant }).when(command).thenNothing();
  });
});
