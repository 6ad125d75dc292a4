import { assertNever } from '@souk/event-sourcing';
import { noPermissions, type PermissionSet, withApi, withDataModel, withoutApi, withoutDataModel } from './permission-set';
import type { PermissionsEvent } from './permissions.events';

/** The permission declaration of one version (F32). */
export type Permissions = NothingDeclared | OpenPermissions | FrozenPermissions;

export interface NothingDeclared {
  readonly status: 'none';
  readonly set: PermissionSet;
}

export interface OpenPermissions {
  readonly status: 'open';
  readonly versionId: string;
  readonly providerTenant: string;
  readonly set: PermissionSet;
}

export interface FrozenPermissions extends Omit<OpenPermissions, 'status'> {
  readonly status: 'frozen';
}

export const nothingDeclared: Permissions = { status: 'none', set: noPermissions };

export function evolvePermissions(state: Permissions, event: PermissionsEvent): Permissions {
  switch (event.type) {
    case 'PermissionsOpened':
      return { status: 'open', ...event.data, set: noPermissions };
    case 'ApiPermissionDeclared':
      return { ...state, set: withApi(state.set, event.data.api) };
    case 'ApiPermissionWithdrawn':
      return { ...state, set: withoutApi(state.set, event.data.api) };
    case 'DataModelDeclared': {
      const { model, version, access, subscribe } = event.data;
      return { ...state, set: withDataModel(state.set, { model, version, access, subscribe }) };
    }
    case 'DataModelWithdrawn':
      return { ...state, set: withoutDataModel(state.set, event.data) };
    case 'PermissionsFrozen':
      return state.status === 'open' ? { ...state, status: 'frozen' } : state;
    default:
      return assertNever(event);
  }
}
