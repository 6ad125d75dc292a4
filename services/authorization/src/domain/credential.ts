import { assertNever } from '@souk/event-sourcing';
import type { AppSecretRotated, CredentialCreated, CredentialEvent, SuspendingParty } from './credential.events';
import { type PermissionSet, permissionSet, withApi, withDataModel, withoutApi, withoutDataModel } from './permission-set';

/** The identity of one instance: AppKey, and what it may do. */
export type Credential = NoCredential | LiveCredential | RevokedCredential;

export interface NoCredential {
  readonly status: 'none';
}

interface Identity extends Omit<CredentialCreated['data'], 'grants'> {
  readonly grants: PermissionSet;
}

/** Suspended as long as any party holds it suspended. */
export interface LiveCredential extends Identity {
  readonly status: 'live';
  readonly suspendedBy: ReadonlySet<SuspendingParty>;
  /** The AppSecret before this one, while its expiry is not recorded. */
  readonly previousSecret?: PreviousSecret;
}

export interface PreviousSecret {
  readonly secretVersion: number;
  /** ISO 8601, UTC. */
  readonly validUntil: string;
}

export interface RevokedCredential extends Identity {
  readonly status: 'revoked';
}

export const noCredential: Credential = { status: 'none' };

export function evolveCredential(state: Credential, event: CredentialEvent): Credential {
  switch (event.type) {
    case 'CredentialCreated':
      return { status: 'live', ...event.data, grants: permissionSet(event.data.grants), suspendedBy: new Set() };
    case 'ApiGranted':
      return withGrants(state, (grants) => withApi(grants, event.data.api));
    case 'ApiGrantWithdrawn':
      return withGrants(state, (grants) => withoutApi(grants, event.data.api));
    case 'DataModelGranted': {
      const { model, version, access, subscribe } = event.data;
      return withGrants(state, (grants) => withDataModel(grants, { model, version, access, subscribe }));
    }
    case 'DataModelGrantWithdrawn':
      return withGrants(state, (grants) => withoutDataModel(grants, event.data));
    case 'CredentialSuspended':
      return state.status === 'live' ? { ...state, suspendedBy: new Set([...state.suspendedBy, event.data.party]) } : state;
    case 'CredentialResumed':
      return state.status === 'live'
        ? { ...state, suspendedBy: new Set([...state.suspendedBy].filter((party) => party !== event.data.party)) }
        : state;
    case 'AppSecretRotated':
      return state.status === 'live' ? rotated(state, event) : state;
    case 'PreviousAppSecretExpired':
      return state.status === 'live' ? withoutPrevious(state, event.data.secretVersion) : state;
    case 'CredentialRevoked':
      return revoked(state);
    default:
      return assertNever(event);
  }
}

function withGrants(state: Credential, change: (grants: PermissionSet) => PermissionSet): Credential {
  return state.status === 'none' ? state : { ...state, grants: change(state.grants) };
}

function rotated(state: LiveCredential, { data: { secretVersion, previousValidUntil } }: AppSecretRotated): LiveCredential {
  const previousSecret = { secretVersion: state.secretVersion, validUntil: previousValidUntil };
  return { ...state, secretVersion, previousSecret };
}

function withoutPrevious(state: LiveCredential, secretVersion: number): LiveCredential {
  if (state.previousSecret?.secretVersion !== secretVersion) return state;
  const { previousSecret: _, ...rest } = state;
  return rest;
}

function revoked(state: Credential): Credential {
  if (state.status !== 'live') return state;
  const { suspendedBy: _, previousSecret: __, ...identity } = state;
  return { ...identity, status: 'revoked' };
}
