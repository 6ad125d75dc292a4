import type { DataModelDeclaration, Grants } from '@souk/contracts';

/** What may be called and used: declared on a version, or granted to an instance. */
export interface PermissionSet {
  readonly apis: ReadonlySet<string>;
  /** By {@link dataModelKey}. */
  readonly dataModels: ReadonlyMap<string, DataModelDeclaration>;
}

/** What has to happen for one set to become another. A data model that changed its access stands in `dataModelsAdded`. */
export interface PermissionDifference {
  readonly apisAdded: readonly string[];
  readonly apisRemoved: readonly string[];
  readonly dataModelsAdded: readonly DataModelDeclaration[];
  readonly dataModelsRemoved: readonly DataModelDeclaration[];
}

export const noPermissions: PermissionSet = { apis: new Set(), dataModels: new Map() };

export function permissionSet({ apis, dataModels }: Grants): PermissionSet {
  return { apis: new Set(apis), dataModels: new Map(dataModels.map((model) => [dataModelKey(model), model])) };
}

/** Sorted by name (and version), in code unit order, so that equal sets are equal documents. */
export function granted({ apis, dataModels }: PermissionSet): Grants {
  return {
    apis: [...apis].sort(),
    dataModels: [...dataModels]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, { model, version, access, subscribe }]) => ({ model, version, access, subscribe })),
  };
}

/** In the order of {@link granted}: the same change always writes the same facts. */
export function difference(from: PermissionSet, to: PermissionSet): PermissionDifference {
  const before = granted(from);
  const after = granted(to);
  return {
    apisAdded: after.apis.filter((api) => !from.apis.has(api)),
    apisRemoved: before.apis.filter((api) => !to.apis.has(api)),
    dataModelsAdded: after.dataModels.filter((model) => !isSame(from.dataModels.get(dataModelKey(model)), model)),
    dataModelsRemoved: before.dataModels.filter((model) => !to.dataModels.has(dataModelKey(model))),
  };
}

export function withApi(set: PermissionSet, api: string): PermissionSet {
  return { ...set, apis: new Set([...set.apis, api]) };
}

export function withoutApi(set: PermissionSet, api: string): PermissionSet {
  return { ...set, apis: new Set([...set.apis].filter((name) => name !== api)) };
}

export function withDataModel(set: PermissionSet, model: DataModelDeclaration): PermissionSet {
  return { ...set, dataModels: new Map([...set.dataModels, [dataModelKey(model), model]]) };
}

export function withoutDataModel(set: PermissionSet, model: Pick<DataModelDeclaration, 'model' | 'version'>): PermissionSet {
  const key = dataModelKey(model);
  return { ...set, dataModels: new Map([...set.dataModels].filter(([other]) => other !== key)) };
}

/** Two versions of one model are two declarations. JSON keeps names with spaces or slashes apart. */
export function dataModelKey({ model, version }: Pick<DataModelDeclaration, 'model' | 'version'>): string {
  return JSON.stringify([model, version]);
}

function isSame(a: DataModelDeclaration | undefined, b: DataModelDeclaration): boolean {
  return a?.access === b.access && a.subscribe === b.subscribe;
}
