import type { DeclaredPermissions, ServiceDependency, ServiceProvision, SsoDeclaration } from '@souk/contracts';
import type { Problem } from '@souk/event-sourcing';
import { granted, noPermissions, type PermissionSet, permissionSet } from './permission-set';

/** All that a version declares: what it will call and use, where it is opened, which services it needs and provides (F32, F35, F37–F39). */
export interface Declaration {
  readonly set: PermissionSet;
  readonly sso?: SsoDeclaration;
  /** By service model, both. */
  readonly dependencies: ReadonlyMap<string, ServiceDependency>;
  readonly provisions: ReadonlyMap<string, ServiceProvision>;
}

export const nothingIsDeclared: Declaration = { set: noPermissions, dependencies: new Map(), provisions: new Map() };

export function declarationOf(permissions: DeclaredPermissions): Declaration {
  const { sso, dependencies = [], provisions = [] } = permissions;
  return {
    set: permissionSet(permissions),
    ...(sso && { sso: ssoOf(sso) }),
    dependencies: new Map(dependencies.map((one) => [one.model, dependencyOf(one)])),
    provisions: new Map(provisions.map((one) => [one.model, provisionOf(one)])),
  };
}

/** The document: lists sorted by name, in code unit order, so that equal declarations are equal documents; no member for none. */
export function declared({ set, sso, dependencies, provisions }: Declaration): DeclaredPermissions {
  return {
    ...granted(set),
    ...(sso && { sso }),
    ...(dependencies.size > 0 && { dependencies: sorted(dependencies) }),
    ...(provisions.size > 0 && { provisions: sorted(provisions) }),
  };
}

/** What has to happen for one list of a declaration to become another. */
export function changes<T extends { readonly model: string }>(
  from: ReadonlyMap<string, T>,
  to: ReadonlyMap<string, T>,
): { readonly declared: readonly T[]; readonly withdrawn: readonly string[] } {
  return {
    declared: sorted(to).filter((one) => !isSame(from.get(one.model), one)),
    withdrawn: [...from.keys()].filter((model) => !to.has(model)).sort(),
  };
}

/** Both of one shape, members in the same order: made by the functions below. */
export function isSame(a: object | undefined, b: object | undefined): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** The APIs without which no data model can be used, and nobody signed in (F36). */
const DATA_MODEL_API = 'data-models.use';
const SSO_API = 'oauth.use';

/** What stands in the way of a release, as far as the declaration alone shows it. Pointers into the sorted document. */
export function missingPermissions({ apis, dataModels, sso }: DeclaredPermissions): readonly Problem[] {
  const models = apis.includes(DATA_MODEL_API) ? [] : dataModels;
  return [
    ...models.map(({ model, version }, i) => ({
      code: 'missing-permission',
      pointer: `/dataModels/${i}`,
      message: `data model "${model}" ${version} is declared, but the API "${DATA_MODEL_API}" that it is used by is not: add it to "apis"`,
    })),
    ...(sso && !apis.includes(SSO_API)
      ? [
          {
            code: 'missing-permission',
            pointer: '/sso',
            message: `the path "${sso.path}" for signing in is declared, but the API "${SSO_API}" that it needs is not: add it to "apis"`,
          },
        ]
      : []),
  ];
}

export const ssoOf = ({ path, node, port }: SsoDeclaration): SsoDeclaration => ({ path, node, port });

export function dependencyOf({ model, apis }: ServiceDependency): ServiceDependency {
  return { model, apis: [...new Set(apis)].sort() };
}

export const provisionOf = ({ model, node, port }: ServiceProvision): ServiceProvision => ({ model, node, port });

function sorted<T>(of: ReadonlyMap<string, T>): T[] {
  return [...of].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one);
}
