import { assertNever } from '@souk/event-sourcing';
import { type Declaration, dependencyOf, nothingIsDeclared, provisionOf, ssoOf } from './declaration';
import { type PermissionSet, withApi, withDataModel, withoutApi, withoutDataModel } from './permission-set';
import type { PermissionsEvent } from './permissions.events';

/** The permission declaration of one version (F32). */
export type Permissions = NothingDeclared | OpenPermissions | FrozenPermissions;

export interface NothingDeclared extends Declaration {
  readonly status: 'none';
}

export interface OpenPermissions extends Declaration {
  readonly status: 'open';
  readonly versionId: string;
  readonly providerTenant: string;
}

export interface FrozenPermissions extends Omit<OpenPermissions, 'status'> {
  readonly status: 'frozen';
}

export const nothingDeclared: Permissions = { status: 'none', ...nothingIsDeclared };

export function evolvePermissions(state: Permissions, event: PermissionsEvent): Permissions {
  switch (event.type) {
    case 'PermissionsOpened':
      return { status: 'open', ...event.data, ...nothingIsDeclared };
    case 'ApiPermissionDeclared':
      return withSet(state, withApi(state.set, event.data.api));
    case 'ApiPermissionWithdrawn':
      return withSet(state, withoutApi(state.set, event.data.api));
    case 'DataModelDeclared': {
      const { model, version, access, subscribe } = event.data;
      return withSet(state, withDataModel(state.set, { model, version, access, subscribe }));
    }
    case 'DataModelWithdrawn':
      return withSet(state, withoutDataModel(state.set, event.data));
    case 'SsoDeclared':
      return { ...state, sso: ssoOf(event.data) };
    case 'SsoWithdrawn': {
      const { sso: _, ...rest } = state;
      return rest;
    }
    case 'ServiceDependencyDeclared': {
      const dependency = dependencyOf(event.data);
      return { ...state, dependencies: new Map([...state.dependencies, [dependency.model, dependency]]) };
    }
    case 'ServiceDependencyWithdrawn':
      return { ...state, dependencies: without(state.dependencies, event.data.model) };
    case 'ServiceProvisionDeclared': {
      const provision = provisionOf(event.data);
      return { ...state, provisions: new Map([...state.provisions, [provision.model, provision]]) };
    }
    case 'ServiceProvisionWithdrawn':
      return { ...state, provisions: without(state.provisions, event.data.model) };
    case 'PermissionsFrozen':
      return state.status === 'open' ? { ...state, status: 'frozen' } : state;
    default:
      return assertNever(event);
  }
}

function withSet(state: Permissions, set: PermissionSet): Permissions {
  return { ...state, set };
}

function without<T>(of: ReadonlyMap<string, T>, model: string): ReadonlyMap<string, T> {
  return new Map([...of].filter(([other]) => other !== model));
}
