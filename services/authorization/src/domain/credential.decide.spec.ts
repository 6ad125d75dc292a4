import { fold } from '@souk/event-sourcing';
import { given } from '@souk/event-sourcing/testing';
import { type CredentialCommand, credentialAggregate } from './credential.decide';
import { CredentialIsRevoked, NoCredentialYet } from './credential.errors';
import type { CredentialEvent } from './credential.events';

const instanceId = 'inst_1';
const orders = { model: 'orders', version: '1', access: 'read-create', subscribe: true } as const;
const named = { instanceId, appKey: 'key' };
const identity = { ...named, appId: 'app_1', ownerTenant: 'ten_b', providerTenant: 'ten_p' };
const create: CredentialCommand = {
  type: 'create-credential',
  ...identity,
  grants: { apis: ['instance.read', 'data-models.use'], dataModels: [orders] },
};
const created: CredentialEvent = {
  type: 'CredentialCreated',
  data: { ...identity, grants: { apis: ['data-models.use', 'instance.read'], dataModels: [orders] }, secretVersion: 1 },
};
const suspended = (party: 'owner' | 'provider'): CredentialEvent => ({
  type: 'CredentialSuspended',
  data: { ...named, party },
});
const resumed = (party: 'owner' | 'provider'): CredentialEvent => ({ type: 'CredentialResumed', data: { ...named, party } });
const now = '2026-01-01T12:00:00.000Z';
const rotate = (previousValidUntil: string): CredentialCommand => ({
  type: 'rotate-app-secret',
  instanceId,
  previousValidUntil,
  now,
});
const inAnHour = '2026-01-01T13:00:00.000Z';
const rotated = (secretVersion: number, previousValidUntil = inAnHour): CredentialEvent => ({
  type: 'AppSecretRotated',
  data: { ...named, secretVersion, previousValidUntil },
});
const expired = (secretVersion: number): CredentialEvent => ({
  type: 'PreviousAppSecretExpired',
  data: { ...named, secretVersion },
});
const expire = (secretVersion: number): CredentialCommand => ({ type: 'expire-previous-app-secret', instanceId, secretVersion });
const revoked: CredentialEvent = { type: 'CredentialRevoked', data: { ...named } };
const revoke: CredentialCommand = { type: 'revoke-credential', instanceId };
const align: CredentialCommand = {
  type: 'align-grants',
  instanceId,
  grants: { apis: ['instance.read', 'instance-nodes.read'], dataModels: [{ ...orders, access: 'read' }] },
};

describe('Credential', () => {
  describe('that does not exist', () => {
    it('is created together with its grants, in one fact', () => given(credentialAggregate).when(create).then(created));
    it('has nothing to revoke', () => given(credentialAggregate).when(revoke).thenNothing());
    it.each<CredentialCommand>([
      align,
      { type: 'suspend-credential', instanceId, party: 'owner' },
      { type: 'resume-credential', instanceId, party: 'owner' },
      rotate(now),
    ])('refuses $type', (command) => given(credentialAggregate).when(command).thenRefused(NoCredentialYet));
  });

  describe('live', () => {
    it('is created once, whatever the second creation asks for', () =>
      given(credentialAggregate, created)
        .when({ ...create, appKey: 'other', grants: { apis: [], dataModels: [] } })
        .thenNothing());
    it('is aligned by grants and withdrawals', () =>
      given(credentialAggregate, created)
        .when(align)
        .then(
          { type: 'ApiGrantWithdrawn', data: { ...named, api: 'data-models.use' } },
          { type: 'ApiGranted', data: { ...named, api: 'instance-nodes.read' } },
          { type: 'DataModelGranted', data: { ...named, ...orders, access: 'read' } },
        ));
    it('withdraws data models', () =>
      given(credentialAggregate, created)
        .when({ type: 'align-grants', instanceId, grants: { apis: ['data-models.use', 'instance.read'], dataModels: [] } })
        .then({ type: 'DataModelGrantWithdrawn', data: { ...named, model: 'orders', version: '1' } }));
    it('is what it was aligned to', () => {
      const state = fold(credentialAggregate, [
        created,
        ...credentialAggregate.decide(align, fold(credentialAggregate, [created])),
      ]);
      expect(credentialAggregate.decide(align, state)).toEqual([]);
    });
    it('is suspended by a party', () =>
      given(credentialAggregate, created)
        .when({ type: 'suspend-credential', instanceId, party: 'owner' })
        .then(suspended('owner')));
    it('is revoked', () => given(credentialAggregate, created).when(revoke).then(revoked));
  });

  describe('whose secret is rotated', () => {
    it('has the next one, and takes the one before until its grace is over', () => {
      given(credentialAggregate, created).when(rotate(inAnHour)).then(rotated(2));
      expect(fold(credentialAggregate, [created, rotated(2)])).toMatchObject({
        secretVersion: 2,
        previousSecret: { secretVersion: 1, validUntil: inAnHour },
      });
    });
    it('takes none but the next one where there is no grace', () =>
      given(credentialAggregate, created).when(rotate(now)).then(rotated(2, now), expired(1)));
    it('takes the one before no more when that has expired', () => {
      given(credentialAggregate, created, rotated(2)).when(expire(1)).then(expired(1));
      expect(fold(credentialAggregate, [created, rotated(2), expired(1)])).not.toHaveProperty('previousSecret');
    });
    it('expires once', () => given(credentialAggregate, created, rotated(2), expired(1)).when(expire(1)).thenNothing());
    it('takes the oldest no more when it is rotated again meanwhile', () => {
      expect(fold(credentialAggregate, [created, rotated(2), rotated(3)])).toMatchObject({
        secretVersion: 3,
        previousSecret: { secretVersion: 2 },
      });
      given(credentialAggregate, created, rotated(2), rotated(3)).when(expire(1)).thenNothing();
    });
    it('never expires the current one', () => given(credentialAggregate, created, rotated(2)).when(expire(2)).thenNothing());
    it('is rotated while it is suspended', () =>
      given(credentialAggregate, created, suspended('owner')).when(rotate(inAnHour)).then(rotated(2)));
  });

  describe('suspended', () => {
    it('is suspended by each party once', () =>
      given(credentialAggregate, created, suspended('owner'))
        .when({ type: 'suspend-credential', instanceId, party: 'owner' })
        .thenNothing());
    it('stays suspended until every party has resumed it', () => {
      const state = fold(credentialAggregate, [created, suspended('owner'), suspended('provider'), resumed('owner')]);
      expect(state).toMatchObject({ status: 'live', suspendedBy: new Set(['provider']) });
    });
    it('is not resumed by one who did not suspend it', () =>
      given(credentialAggregate, created, suspended('owner'))
        .when({ type: 'resume-credential', instanceId, party: 'provider' })
        .thenNothing());
    it('is revoked', () => given(credentialAggregate, created, suspended('owner')).when(revoke).then(revoked));
  });

  describe('revoked', () => {
    it('is revoked once', () => given(credentialAggregate, created, revoked).when(revoke).thenNothing());
    it('is not created anew', () => given(credentialAggregate, created, revoked).when(create).thenNothing());
    it('gets no grants', () => given(credentialAggregate, created, revoked).when(align).thenRefused(CredentialIsRevoked));
    it('is not rotated', () =>
      given(credentialAggregate, created, revoked).when(rotate(inAnHour)).thenRefused(CredentialIsRevoked));
    it('has no secret that could expire', () =>
      given(credentialAggregate, created, rotated(2), revoked).when(expire(1)).thenNothing());
    it('is not resumed', () =>
      given(credentialAggregate, created, suspended('owner'), revoked)
        .when({ type: 'resume-credential', instanceId, party: 'owner' })
        .thenRefused(CredentialIsRevoked));
  });
});
