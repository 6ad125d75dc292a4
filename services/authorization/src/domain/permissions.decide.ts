import { type DeclaredPermissions, platformApis } from '@souk/contracts';
import { type Aggregate, assertNever, type Problem } from '@souk/event-sourcing';
import { dataModelKey, difference, permissionSet } from './permission-set';
import { evolvePermissions, nothingDeclared, type Permissions } from './permissions';
import { PermissionsAreFrozen, PermissionsInvalid } from './permissions.errors';
import type { PermissionsEvent } from './permissions.events';

/** From now on the version declares exactly this. */
export interface ReplacePermissions {
  readonly type: 'replace-permissions';
  readonly versionId: string;
  readonly providerTenant: string;
  readonly permissions: DeclaredPermissions;
}

/** The version was released. */
export interface FreezePermissions {
  readonly type: 'freeze-permissions';
  readonly versionId: string;
  readonly providerTenant: string;
}

export type PermissionsCommand = ReplacePermissions | FreezePermissions;

export const permissionsAggregate: Aggregate<Permissions, PermissionsCommand, PermissionsEvent> = {
  category: 'permissions',
  initial: nothingDeclared,
  snapshots: { version: 1 },
  decide,
  evolve: evolvePermissions,
  eventTypes: {
    PermissionsOpened: {},
    ApiPermissionDeclared: {},
    ApiPermissionWithdrawn: {},
    DataModelDeclared: {},
    DataModelWithdrawn: {},
    PermissionsFrozen: {},
  },
  tenants: (state) => (state.status === 'none' ? [] : [state.providerTenant]),
};

function decide(command: PermissionsCommand, state: Permissions): readonly PermissionsEvent[] {
  switch (command.type) {
    case 'replace-permissions':
      return replace(command, state);
    case 'freeze-permissions':
      return freeze(command, state);
    default:
      return assertNever(command);
  }
}

function replace(command: ReplacePermissions, state: Permissions): readonly PermissionsEvent[] {
  const { versionId } = command;
  if (state.status === 'frozen') throw new PermissionsAreFrozen(versionId);
  const problems = [...unknownApis(command.permissions), ...doubleDataModels(command.permissions)];
  if (problems.length > 0) throw new PermissionsInvalid(problems);

  const wanted = permissionSet(command.permissions);
  const { apisAdded, apisRemoved, dataModelsAdded, dataModelsRemoved } = difference(state.set, wanted);
  const facts: readonly PermissionsEvent[] = [
    ...apisRemoved.map((api) => ({ type: 'ApiPermissionWithdrawn', data: { versionId, api } }) as const),
    ...dataModelsRemoved.map(
      ({ model, version }) => ({ type: 'DataModelWithdrawn', data: { versionId, model, version } }) as const,
    ),
    ...apisAdded.map((api) => ({ type: 'ApiPermissionDeclared', data: { versionId, api } }) as const),
    ...dataModelsAdded.map((model) => ({ type: 'DataModelDeclared', data: { versionId, ...model } }) as const),
  ];
  return facts.length === 0 ? [] : [...opened(command, state), ...facts];
}

function freeze(command: FreezePermissions, state: Permissions): readonly PermissionsEvent[] {
  if (state.status === 'frozen') return [];
  return [...opened(command, state), { type: 'PermissionsFrozen', data: { versionId: command.versionId } }];
}

function opened({ versionId, providerTenant }: PermissionsCommand, state: Permissions): readonly PermissionsEvent[] {
  return state.status === 'none' ? [{ type: 'PermissionsOpened', data: { versionId, providerTenant } }] : [];
}

const knownApis: ReadonlySet<string> = new Set(platformApis.map(({ name }) => name));

function unknownApis({ apis }: DeclaredPermissions): readonly Problem[] {
  return apis.flatMap((api, i) =>
    knownApis.has(api)
      ? []
      : [
          {
            code: 'unknown-api',
            pointer: `/apis/${i}`,
            message: `"${api}" is no platform API; they are ${[...knownApis].join(', ')}`,
          },
        ],
  );
}

function doubleDataModels({ dataModels }: DeclaredPermissions): readonly Problem[] {
  const seen = new Set<string>();
  return dataModels.flatMap((declaration, i) => {
    const key = dataModelKey(declaration);
    if (!seen.has(key)) {
      seen.add(key);
      return [];
    }
    const { model, version } = declaration;
    return [
      {
        code: 'duplicate-data-model',
        pointer: `/dataModels/${i}`,
        message: `data model "${model}" ${version} is declared twice`,
      },
    ];
  });
}
