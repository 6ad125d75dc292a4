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
    it('is not resumed', () =>
      given(credentialAggregate, created, suspended('owner'), revoked)
        .when({ type: 'resume-credential', instanceId, party: 'owner' })
        .thenRefused(CredentialIsRevoked));
  });
});
