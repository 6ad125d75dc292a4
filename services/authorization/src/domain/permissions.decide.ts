import { type DeclaredPermissions, platformApis } from '@souk/contracts';
import { type Aggregate, assertNever, type Problem } from '@souk/event-sourcing';
import { changes, declarationOf, type Declaration, isSame } from './declaration';
import { dataModelKey, difference } from './permission-set';
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
  snapshots: { version: 2 },
  decide,
  evolve: evolvePermissions,
  eventTypes: {
    PermissionsOpened: {},
    ApiPermissionDeclared: {},
    ApiPermissionWithdrawn: {},
    DataModelDeclared: {},
    DataModelWithdrawn: {},
    SsoDeclared: {},
    SsoWithdrawn: {},
    ServiceDependencyDeclared: {},
    ServiceDependencyWithdrawn: {},
    ServiceProvisionDeclared: {},
    ServiceProvisionWithdrawn: {},
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
  const problems = [
    ...unknownApis(command.permissions),
    ...doubleDataModels(command.permissions),
    ...doubleModels('dependencies', command.permissions.dependencies),
    ...doubleModels('provisions', command.permissions.provisions),
  ];
  if (problems.length > 0) throw new PermissionsInvalid(problems);

  const wanted = declarationOf(command.permissions);
  const { apisAdded, apisRemoved, dataModelsAdded, dataModelsRemoved } = difference(state.set, wanted.set);
  const facts: readonly PermissionsEvent[] = [
    ...apisRemoved.map((api) => ({ type: 'ApiPermissionWithdrawn', data: { versionId, api } }) as const),
    ...dataModelsRemoved.map(
      ({ model, version }) => ({ type: 'DataModelWithdrawn', data: { versionId, model, version } }) as const,
    ),
    ...apisAdded.map((api) => ({ type: 'ApiPermissionDeclared', data: { versionId, api } }) as const),
    ...dataModelsAdded.map((model) => ({ type: 'DataModelDeclared', data: { versionId, ...model } }) as const),
    ...ssoFacts(versionId, state, wanted),
    ...dependencyFacts(versionId, state, wanted),
    ...provisionFacts(versionId, state, wanted),
  ];
  return facts.length === 0 ? [] : [...opened(command, state), ...facts];
}

function ssoFacts(versionId: string, { sso: before }: Declaration, { sso }: Declaration): readonly PermissionsEvent[] {
  if (isSame(before, sso)) return [];
  return [sso ? { type: 'SsoDeclared', data: { versionId, ...sso } } : { type: 'SsoWithdrawn', data: { versionId } }];
}

function dependencyFacts(versionId: string, before: Declaration, after: Declaration): readonly PermissionsEvent[] {
  const { declared, withdrawn } = changes(before.dependencies, after.dependencies);
  return [
    ...withdrawn.map((model) => ({ type: 'ServiceDependencyWithdrawn', data: { versionId, model } }) as const),
    ...declared.map((one) => ({ type: 'ServiceDependencyDeclared', data: { versionId, ...one } }) as const),
  ];
}

function provisionFacts(versionId: string, before: Declaration, after: Declaration): readonly PermissionsEvent[] {
  const { declared, withdrawn } = changes(before.provisions, after.provisions);
  return [
    ...withdrawn.map((model) => ({ type: 'ServiceProvisionWithdrawn', data: { versionId, model } }) as const),
    ...declared.map((one) => ({ type: 'ServiceProvisionDeclared', data: { versionId, ...one } }) as const),
  ];
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

/** One service of a model for each version, on either side. */
function doubleModels(list: 'dependencies' | 'provisions', models: readonly { readonly model: string }[] = []): Problem[] {
  const seen = new Set<string>();
  return models.flatMap(({ model }, i) => {
    if (!seen.has(model)) {
      seen.add(model);
      return [];
    }
    return [{ code: 'duplicate-service', pointer: `/${list}/${i}`, message: `service model "${model}" is declared twice` }];
  });
}
