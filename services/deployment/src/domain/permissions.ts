import { type DataModelAccess, dataModelAccessLevels, type DataModelDeclaration, type Grants } from '@souk/contracts';

/** What is declared beyond what is granted, in words; empty where nothing is. */
export function beyond(granted: Grants, declared: Grants): string[] {
  const apis = declared.apis.filter((api) => !granted.apis.includes(api));
  const models = declared.dataModels.filter((wanted) => {
    const has = granted.dataModels.find((known) => isSameModel(known, wanted));
    return !has || rank(wanted.access) > rank(has.access) || (wanted.subscribe && !has.subscribe);
  });
  return [
    ...apis,
    ...models.map(({ model, version, access, subscribe }) => `${model}@${version} ${access}${subscribe ? ' subscribe' : ''}`),
  ];
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
