import {
  type DataModelAccess,
  dataModelAccessLevels,
  type DataModelDeclaration,
  type DeclaredPermissions,
  type Grants,
} from '@souk/contracts';

/**
 * What is declared beyond what is granted, in words; empty where nothing is. Services that are used and provided are among it: either opens
 * a way from one instance to another.
 */
export function beyond(granted: DeclaredPermissions, declared: DeclaredPermissions): string[] {
  const apis = declared.apis.filter((api) => !granted.apis.includes(api));
  const models = declared.dataModels.filter((wanted) => {
    const has = granted.dataModels.find((known) => isSameModel(known, wanted));
    return !has || rank(wanted.access) > rank(has.access) || (wanted.subscribe && !has.subscribe);
  });
  return [
    ...apis,
    ...models.map(({ model, version, access, subscribe }) => `${model}@${version} ${access}${subscribe ? ' subscribe' : ''}`),
    ...servicesBeyond(granted, declared),
  ];
}

function servicesBeyond(granted: DeclaredPermissions, declared: DeclaredPermissions): string[] {
  const used = new Map(granted.dependencies?.map(({ model, apis }) => [model, apis]));
  const uses = (declared.dependencies ?? []).flatMap(({ model, apis }) => {
    const known = used.get(model);
    const others = apis.filter((api) => !known?.includes(api));
    return known && others.length === 0 ? [] : [['uses', model, ...others].join(' ')];
  });
  const inWords = ({ provisions = [] }: DeclaredPermissions) =>
    provisions.map(({ model, node, port }) => `provides ${model} at ${node}:${port}`);
  const known = new Set(inWords(granted));
  return [...uses, ...inWords(declared).filter((provision) => !known.has(provision))];
}

/** Enough for both: while an instance changes from one version to another, processes of either run. */
export function union(a: Grants, b: Grants): Grants {
  const dataModels = [...a.dataModels];
  for (const other of b.dataModels) {
    const index = dataModels.findIndex((known) => isSameModel(known, other));
    if (index < 0) dataModels.push(other);
    else dataModels[index] = broader(dataModels[index]!, other);
  }
  return { apis: [...new Set([...a.apis, ...b.apis])].sort(), dataModels: dataModels.sort(byModel) };
}

function broader(a: DataModelDeclaration, b: DataModelDeclaration): DataModelDeclaration {
  return { ...(rank(b.access) > rank(a.access) ? b : a), subscribe: a.subscribe || b.subscribe };
}

const isSameModel = (a: DataModelDeclaration, b: DataModelDeclaration): boolean => a.model === b.model && a.version === b.version;

const rank = (access: DataModelAccess): number => dataModelAccessLevels.indexOf(access);

function byModel(a: DataModelDeclaration, b: DataModelDeclaration): number {
  const [x, y] = [`${a.model}@${a.version}`, `${b.model}@${b.version}`];
  return x < y ? -1 : Number(x > y);
}
