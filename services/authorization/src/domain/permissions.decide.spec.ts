import { type DeclaredPermissions, platformApis } from '@souk/contracts';
import { fold } from '@souk/event-sourcing';
import { given } from '@souk/event-sourcing/testing';
import { declared, missingPermissions } from './declaration';
import { type PermissionsCommand, permissionsAggregate } from './permissions.decide';
import { PermissionsAreFrozen, PermissionsInvalid } from './permissions.errors';
import type { PermissionsEvent } from './permissions.events';

const versionId = 'ver_1';
const of = { versionId, providerTenant: 'ten_p' };
const orders = { model: 'orders', version: '1', access: 'read', subscribe: false } as const;

const opened: PermissionsEvent = { type: 'PermissionsOpened', data: of };
const declaredApi = (api: string): PermissionsEvent => ({ type: 'ApiPermissionDeclared', data: { versionId, api } });
const declaredOrders: PermissionsEvent = { type: 'DataModelDeclared', data: { versionId, ...orders } };
const frozen: PermissionsEvent = { type: 'PermissionsFrozen', data: { versionId } };

const replace = (apis: readonly string[], dataModels: readonly (typeof orders)[] = []): PermissionsCommand => ({
  type: 'replace-permissions',
  ...of,
  permissions: { apis, dataModels },
});
const nothing: DeclaredPermissions = { apis: [], dataModels: [] };
const declare = (more: Partial<DeclaredPermissions>): PermissionsCommand => ({
  type: 'replace-permissions',
  ...of,
  permissions: { ...nothing, ...more },
});
const sso = { path: '/login', node: 'web', port: 443 };
const faces = { model: 'face-search', node: 'api', port: 8080 };
const declaredSso: PermissionsEvent = { type: 'SsoDeclared', data: { versionId, ...sso } };
const declaredFaces: PermissionsEvent = { type: 'ServiceProvisionDeclared', data: { versionId, ...faces } };
const needs = (...apis: string[]): PermissionsEvent => ({
  type: 'ServiceDependencyDeclared',
  data: { versionId, model: 'work-orders', apis },
});
const freeze: PermissionsCommand = { type: 'freeze-permissions', ...of };

describe('Permissions', () => {
  describe('never declared', () => {
    it('are opened by the first declaration, facts sorted by name', () =>
      given(permissionsAggregate)
        .when(replace(['instance.read', 'data-models.use'], [orders]))
        .then(opened, declaredApi('data-models.use'), declaredApi('instance.read'), declaredOrders));
    it('say nothing when nothing is declared', () => given(permissionsAggregate).when(replace([])).thenNothing());
    it('take where users are signed in, which services the app needs and which it provides', () =>
      given(permissionsAggregate)
        .when(declare({ sso, dependencies: [{ model: 'work-orders', apis: ['b', 'a', 'b'] }], provisions: [faces] }))
        .then(opened, declaredSso, needs('a', 'b'), declaredFaces));
    it('refuse a service model that is declared twice', () => {
      given(permissionsAggregate)
        .when(declare({ provisions: [faces, { ...faces, port: 1 }] }))
        .thenRefused(PermissionsInvalid);
      given(permissionsAggregate)
        .when(
          declare({
            dependencies: [
              { model: 'a', apis: [] },
              { model: 'a', apis: ['x'] },
            ],
          }),
        )
        .thenRefused(PermissionsInvalid);
    });
    it('are a document without what is declared of none', () =>
      expect(declared(permissionsAggregate.initial)).toEqual({ apis: [], dataModels: [] }));
    it('are frozen with the version all the same', () => given(permissionsAggregate).when(freeze).then(opened, frozen));
    it('take every API of the catalogue', () =>
      given(permissionsAggregate)
        .when(replace(platformApis.map(({ name }) => name)))
        .then(
          opened,
          ...platformApis
            .map(({ name }) => name)
            .sort()
            .map(declaredApi),
        ));
    it('refuse an API that is not in the catalogue', () =>
      given(permissionsAggregate)
        .when(replace(['instance.read', 'root.use']))
        .thenRefused(PermissionsInvalid));
    it('name every problem with its place', () => {
      const problemsOf = () => {
        try {
          permissionsAggregate.decide(
            replace(['a', 'instance.read', 'b'], [orders, { ...orders }]),
            permissionsAggregate.initial,
          );
        } catch (error) {
          return (error as PermissionsInvalid).problems.map(({ code, pointer }) => ({ code, pointer }));
        }
        return [];
      };
      expect(problemsOf()).toEqual([
        { code: 'unknown-api', pointer: '/apis/0' },
        { code: 'unknown-api', pointer: '/apis/2' },
        { code: 'duplicate-data-model', pointer: '/dataModels/1' },
      ]);
    });
  });

  describe('open', () => {
    const history = [opened, declaredApi('instance.read'), declaredOrders] as const;
    it('change by what differs, and nothing else', () =>
      given(permissionsAggregate, ...history)
        .when(replace(['data-models.use'], [orders]))
        .then({ type: 'ApiPermissionWithdrawn', data: { versionId, api: 'instance.read' } }, declaredApi('data-models.use')));
    it('declare a model anew when its access changes', () => {
      const more: PermissionsCommand = {
        type: 'replace-permissions',
        ...of,
        permissions: { apis: ['instance.read'], dataModels: [{ ...orders, access: 'read-write' }] },
      };
      given(permissionsAggregate, ...history)
        .when(more)
        .then({ type: 'DataModelDeclared', data: { versionId, ...orders, access: 'read-write' } });
    });
    it('withdraw a model that is no longer declared', () =>
      given(permissionsAggregate, ...history)
        .when(replace(['instance.read']))
        .then({ type: 'DataModelWithdrawn', data: { versionId, model: 'orders', version: '1' } }));
    it('say nothing new when declared as they are', () =>
      given(permissionsAggregate, ...history)
        .when(replace(['instance.read'], [orders]))
        .thenNothing());
    it('declare the path for signing in and services anew when they are others, and withdraw what is left out', () => {
      const services = given(permissionsAggregate, opened, declaredSso, needs('a'), declaredFaces);
      const data = { versionId, ...sso, path: '/sso' };
      const same = { sso, dependencies: [{ model: 'work-orders', apis: ['a'] }], provisions: [faces] };
      services.when(declare(same)).thenNothing();
      services.when(declare({ ...same, sso: { ...sso, path: '/sso' } })).then({ type: 'SsoDeclared', data });
      services.when(declare({ ...same, dependencies: [{ model: 'work-orders', apis: ['b'] }] })).then(needs('b'));
      services
        .when(declare({}))
        .then(
          { type: 'SsoWithdrawn', data: { versionId } },
          { type: 'ServiceDependencyWithdrawn', data: { versionId, model: 'work-orders' } },
          { type: 'ServiceProvisionWithdrawn', data: { versionId, model: 'face-search' } },
        );
    });
    it('have a problem where users are signed in without the API for it', () => {
      expect(missingPermissions(declared(fold(permissionsAggregate, [opened, declaredSso])))).toMatchObject([
        { code: 'missing-permission', pointer: '/sso' },
      ]);
      expect(missingPermissions(declared(fold(permissionsAggregate, [opened, declaredSso, declaredApi('oauth.use')])))).toEqual(
        [],
      );
    });
    it('are frozen by the release', () =>
      given(permissionsAggregate, ...history)
        .when(freeze)
        .then(frozen));
    it('have a problem for each data model without the API that it is used by', () => {
      expect(missingPermissions(declared(fold(permissionsAggregate, history)))).toMatchObject([
        { code: 'missing-permission', pointer: '/dataModels/0' },
      ]);
      expect(missingPermissions(declared(fold(permissionsAggregate, [...history, declaredApi('data-models.use')])))).toEqual([]);
    });
  });

  describe('frozen', () => {
    it('do not change', () =>
      given(permissionsAggregate, opened, declaredApi('instance.read'), frozen)
        .when(replace([]))
        .thenRefused(PermissionsAreFrozen));
    it('do not even take what they already are', () =>
      given(permissionsAggregate, opened, frozen).when(replace([])).thenRefused(PermissionsAreFrozen));
    it('are frozen once', () => given(permissionsAggregate, opened, frozen).when(freeze).thenNothing());
  });
});
