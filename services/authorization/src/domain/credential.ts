import { assertNever } from '@souk/event-sourcing';
import type { CredentialCreated, CredentialEvent, SuspendingParty } from './credential.events';
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
    case 'CredentialRevoked':
      return revoked(state);
    default:
      return assertNever(event);
  }
}

function withGrants(state: Credential, change: (grants: PermissionSet) => PermissionSet): Credential {
  return state.status === 'none' ? state : { ...state, grants: change(state.grants) };
}

function revoked(state: Credential): Credential {
  if (state.status !== 'live') return state;
  const { suspendedBy: _, ...identity } = state;
  return { ...identity, status: 'revoked' };
}
