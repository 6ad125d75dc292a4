import type { Grants } from '@souk/contracts';
import { type Aggregate, assertNever } from '@souk/event-sourcing';
import { type Credential, evolveCredential, type LiveCredential, noCredential } from './credential';
import { CredentialIsRevoked, NoCredentialYet } from './credential.errors';
import type { CredentialEvent, SuspendingParty } from './credential.events';
import { difference, granted, permissionSet } from './permission-set';

export interface CreateCredential {
  readonly type: 'create-credential';
  readonly instanceId: string;
  readonly appKey: string;
  readonly appId: string;
  readonly ownerTenant: string;
  readonly providerTenant: string;
  readonly grants: Grants;
}

/** From now on the grants are exactly these. */
export interface AlignGrants {
  readonly type: 'align-grants';
  readonly instanceId: string;
  readonly grants: Grants;
}

export interface SuspendCredential {
  readonly type: 'suspend-credential';
  readonly instanceId: string;
  readonly party: SuspendingParty;
}

export interface ResumeCredential {
  readonly type: 'resume-credential';
  readonly instanceId: string;
  readonly party: SuspendingParty;
}

export interface RotateAppSecret {
  readonly type: 'rotate-app-secret';
  readonly instanceId: string;
  /** ISO 8601, UTC, both: the secret until now is taken beside the new one until then. */
  readonly previousValidUntil: string;
  readonly now: string;
}

/** The grace of that version is over. */
export interface ExpirePreviousAppSecret {
  readonly type: 'expire-previous-app-secret';
  readonly instanceId: string;
  readonly secretVersion: number;
}

export interface RevokeCredential {
  readonly type: 'revoke-credential';
  readonly instanceId: string;
}

export type CredentialCommand =
  | CreateCredential
  | AlignGrants
  | SuspendCredential
  | ResumeCredential
  | RotateAppSecret
  | ExpirePreviousAppSecret
  | RevokeCredential;

export const credentialAggregate: Aggregate<Credential, CredentialCommand, CredentialEvent> = {
  category: 'credential',
  initial: noCredential,
  decide,
  evolve: evolveCredential,
  eventTypes: {
    CredentialCreated: {},
    ApiGranted: {},
    ApiGrantWithdrawn: {},
    DataModelGranted: {},
    DataModelGrantWithdrawn: {},
    CredentialSuspended: {},
    CredentialResumed: {},
    AppSecretRotated: {},
    PreviousAppSecretExpired: {},
    CredentialRevoked: {},
  },
  tenants: (state) => (state.status === 'none' ? [] : [...new Set([state.ownerTenant, state.providerTenant])]),
};

function decide(command: CredentialCommand, state: Credential): readonly CredentialEvent[] {
  switch (command.type) {
    case 'create-credential':
      return create(command, state);
    case 'align-grants':
      return align(command, state);
    case 'suspend-credential':
      return suspend(command, state);
    case 'resume-credential':
      return resume(command, state);
    case 'rotate-app-secret':
      return rotate(command, state);
    case 'expire-previous-app-secret':
      return expirePrevious(command, state);
    case 'revoke-credential':
      return revoke(state);
    default:
      return assertNever(command);
  }
}

/** One for each instance: a second creation answers the first one, whatever it asks for. */
function create({ type: _, grants, ...identity }: CreateCredential, state: Credential): readonly CredentialEvent[] {
  if (state.status !== 'none') return [];
  return [{ type: 'CredentialCreated', data: { ...identity, grants: granted(permissionSet(grants)), secretVersion: 1 } }];
}

function align({ instanceId, grants }: AlignGrants, state: Credential): readonly CredentialEvent[] {
  const live = liveOr(state, instanceId);
  const named = nameOf(live);
  const { apisAdded, apisRemoved, dataModelsAdded, dataModelsRemoved } = difference(live.grants, permissionSet(grants));
  return [
    ...apisRemoved.map((api) => ({ type: 'ApiGrantWithdrawn', data: { ...named, api } }) as const),
    ...dataModelsRemoved.map(
      ({ model, version }) => ({ type: 'DataModelGrantWithdrawn', data: { ...named, model, version } }) as const,
    ),
    ...apisAdded.map((api) => ({ type: 'ApiGranted', data: { ...named, api } }) as const),
    ...dataModelsAdded.map((model) => ({ type: 'DataModelGranted', data: { ...named, ...model } }) as const),
  ];
}

function suspend({ instanceId, party }: SuspendCredential, state: Credential): readonly CredentialEvent[] {
  const live = liveOr(state, instanceId);
  if (live.suspendedBy.has(party)) return [];
  return [{ type: 'CredentialSuspended', data: { ...nameOf(live), party } }];
}

function resume({ instanceId, party }: ResumeCredential, state: Credential): readonly CredentialEvent[] {
  const live = liveOr(state, instanceId);
  if (!live.suspendedBy.has(party)) return [];
  return [{ type: 'CredentialResumed', data: { ...nameOf(live), party } }];
}

/** Without grace the secret until now is gone with the same append. */
function rotate({ instanceId, previousValidUntil, now }: RotateAppSecret, state: Credential): readonly CredentialEvent[] {
  const live = liveOr(state, instanceId);
  const named = nameOf(live);
  const { secretVersion } = live;
  const rotated = { type: 'AppSecretRotated', data: { ...named, secretVersion: secretVersion + 1, previousValidUntil } } as const;
  if (previousValidUntil > now) return [rotated];
  return [rotated, { type: 'PreviousAppSecretExpired', data: { ...named, secretVersion } }];
}

/** A version that is not the one before the current one has expired already; of a revoked credential no secret is taken. */
function expirePrevious({ secretVersion }: ExpirePreviousAppSecret, state: Credential): readonly CredentialEvent[] {
  if (state.status !== 'live' || state.previousSecret?.secretVersion !== secretVersion) return [];
  return [{ type: 'PreviousAppSecretExpired', data: { ...nameOf(state), secretVersion } }];
}

/** An instance that never had a credential has nothing to lose. */
function revoke(state: Credential): readonly CredentialEvent[] {
  if (state.status !== 'live') return [];
  return [{ type: 'CredentialRevoked', data: nameOf(state) }];
}

function nameOf({ instanceId, appKey }: LiveCredential): { readonly instanceId: string; readonly appKey: string } {
  return { instanceId, appKey };
}

function liveOr(state: Credential, instanceId: string): LiveCredential {
  if (state.status === 'none') throw new NoCredentialYet(instanceId);
  if (state.status === 'revoked') throw new CredentialIsRevoked(instanceId);
  return state;
}
