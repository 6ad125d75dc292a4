import type { Projection } from '@souk/event-sourcing';
import type { CredentialEvent, SuspendingParty } from '../domain/credential.events';

/** What a request's AppKey says about it. By AppKey. */
export interface CredentialDoc {
  readonly appKey: string;
  readonly instanceId: string;
  readonly ownerTenant: string;
  readonly secretVersion: number;
  readonly apis: readonly string[];
  readonly suspendedBy: readonly SuspendingParty[];
  readonly revoked: boolean;
}

export const credentialsProjection: Projection<CredentialDoc, CredentialEvent> = {
  name: 'credentials',
  version: 1,
  streamPrefixes: ['credential-'],
  indexes: {},
  keys: ({ data }) => [data.appKey],
  on: {
    CredentialCreated: (_, { data: { appKey, instanceId, ownerTenant, secretVersion, grants } }) => ({
      appKey,
      instanceId,
      ownerTenant,
      secretVersion,
      apis: grants.apis,
      suspendedBy: [],
      revoked: false,
    }),
    ApiGranted: (doc, { data }) => doc && { ...doc, apis: [...new Set([...doc.apis, data.api])] },
    ApiGrantWithdrawn: (doc, { data }) => doc && { ...doc, apis: doc.apis.filter((api) => api !== data.api) },
    // Decisions are about APIs; data models are read from the credential itself.
    DataModelGranted: 'ignored',
    DataModelGrantWithdrawn: 'ignored',
    CredentialSuspended: (doc, { data }) => doc && { ...doc, suspendedBy: [...new Set([...doc.suspendedBy, data.party])] },
    CredentialResumed: (doc, { data }) => doc && { ...doc, suspendedBy: doc.suspendedBy.filter((party) => party !== data.party) },
    CredentialRevoked: (doc) => doc && { ...doc, revoked: true },
  },
};
