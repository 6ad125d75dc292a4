import type { Projection } from '@souk/event-sourcing';
import type { CredentialEvent, SuspendingParty } from '../domain/credential.events';

/** What a request's AppKey says about it. By AppKey. */
export interface CredentialDoc {
  readonly appKey: string;
  readonly instanceId: string;
  readonly ownerTenant: string;
  readonly secretVersion: number;
  /** The secret before this one, until it has expired. */
  readonly previousSecret?: { readonly secretVersion: number; readonly validUntil: string };
  readonly apis: readonly string[];
  readonly suspendedBy: readonly SuspendingParty[];
  readonly revoked: boolean;
}

export const credentialsProjection: Projection<CredentialDoc, CredentialEvent> = {
  name: 'credentials',
  version: 2,
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
    AppSecretRotated: (doc, { data: { secretVersion, previousValidUntil } }) =>
      doc && {
        ...doc,
        secretVersion,
        previousSecret: { secretVersion: doc.secretVersion, validUntil: previousValidUntil },
      },
    PreviousAppSecretExpired: (doc, { data }) => doc && withoutPrevious(doc, data.secretVersion),
    CredentialRevoked: (doc) => doc && { ...doc, revoked: true },
  },
};

function withoutPrevious(doc: CredentialDoc, secretVersion: number): CredentialDoc {
  if (doc.previousSecret?.secretVersion !== secretVersion) return doc;
  const { previousSecret: _, ...rest } = doc;
  return rest;
}
