import { given } from '@souk/event-sourcing/testing';
import { ids } from '../../../test/sample';
import { instance } from './instance.decide';
import {
  AlreadyAtVersion,
  ConsentRequired,
  InstanceGone,
  InstanceUnknown,
  NotAnEarlierVersion,
  OperationRunning,
  TrialNotUpgradable,
  VersionNotDeployable,
} from './instance.errors';
import type { InstanceEvent, OperationConcluded } from './instance.events';

const { instanceId } = ids;
const parties = { ownerTenant: ids.buyer, providerTenant: ids.provider };
const version = (n: number) => ({ versionId: `ver_${n}`, versionNumber: `${n}.0.0`, snapshot: `digest${n}` });

const requested = {
  type: 'InstanceRequested',
  data: {
    ...parties,
    ...version(1),
    instanceId,
    name: 'my shop',
    appId: ids.appId,
    released: true,
    configuration: 'standard',
    clusterId: ids.clusterId,
    parameters: { adminEmail: 'ada@example.org' },
    secrets: [],
    origin: { kind: 'purchase', purchaseId: 'pur_1' },
    operationId: 'op_1',
  },
} satisfies InstanceEvent;

const concluded = (data: Partial<OperationConcluded['data']>): OperationConcluded => ({
  type: 'OperationConcluded',
  data: {
    ...parties,
    instanceId,
    operationId: 'op_1',
    kind: 'deploy',
    outcome: 'succeeded',
    completedInit: [],
    versionId: 'ver_1',
    ...data,
  },
});

const upgrade = (n: number, more: object = {}) => ({
  type: 'RequestUpgrade' as const,
  instanceId,
  operationId: 'op_2',
  target: { ...version(n), status: 'released' },
  additionalPermissions: [] as string[],
  acceptPermissions: false,
  ...more,
});

const upgradeRequested = (n: number, acceptedPermissions: string[] = []): InstanceEvent => ({
  type: 'UpgradeRequested',
  data: { ...version(n), instanceId, operationId: 'op_2', acceptedPermissions },
});

const rollBack = (n: number, more: object = {}) => ({ ...upgrade(n, more), type: 'RequestRollback' as const });

const rollbackRequested = (n: number): InstanceEvent => ({
  type: 'RollbackRequested',
  data: { ...version(n), instanceId, operationId: 'op_2', acceptedPermissions: [] },
});

const failure = { code: 'crash-loop', node: 'tomcat', reason: 'it crashes' } as const;
const rolledBack = {
  type: 'ConcludeOperation',
  operationId: 'op_2',
  outcome: 'rolled-back',
  failure,
  completedInit: ['seed'],
} as const;

const restart = { type: 'RequestRestart', instanceId, operationId: 'op_2', nodes: ['tomcat'] } as const;
const remove = { type: 'RequestDelete', instanceId, operationId: 'op_3' } as const;
const conclude = (operationId: string) =>
  ({ type: 'ConcludeOperation', operationId, outcome: 'succeeded', completedInit: ['schema'] }) as const;

describe('Instance', () => {
  describe('unknown', () => {
    it('is requested', () => given(instance).when({ type: 'RequestInstance', data: requested.data }).then(requested));
    it('is deleted without a fact', () => given(instance).when(remove).thenNothing());
    it('can not be upgraded', () => given(instance).when(upgrade(2)).thenRefused(InstanceUnknown));
  });

  describe('deploying', () => {
    const deploying = () => given(instance, requested);
    it('is not requested twice', () => deploying().when({ type: 'RequestInstance', data: requested.data }).thenNothing());
    it('refuses another operation, naming the one that runs', () => deploying().when(restart).thenRefused(OperationRunning));
    it('runs when its operation has succeeded', () =>
      deploying()
        .when(conclude('op_1'))
        .then(concluded({ completedInit: ['schema'] })));
    it('does not care how an operation of the past ended', () => deploying().when(conclude('op_0')).thenNothing());
    it('lets a delete cut the deploy short', () =>
      deploying()
        .when(remove)
        .then(concluded({ outcome: 'pre-empted', reason: 'the instance is to be deleted' }), {
          type: 'DeleteRequested',
          data: { instanceId, operationId: 'op_3' },
        }));
  });

  describe('running', () => {
    const running = () => given(instance, requested, concluded({}));
    it('is upgraded to a released version', () => running().when(upgrade(2)).then(upgradeRequested(2)));
    it('is not upgraded to a draft', () =>
      running()
        .when(upgrade(2, { target: { ...version(2), status: 'draft' } }))
        .thenRefused(VersionNotDeployable));
    it('is not upgraded to the version that it runs', () => running().when(upgrade(1)).thenRefused(AlreadyAtVersion));
    it('asks for consent to permissions beyond those granted', () =>
      running()
        .when(upgrade(2, { additionalPermissions: ['instance.read'] }))
        .thenRefused(ConsentRequired));
    it('takes the consent', () =>
      running()
        .when(upgrade(2, { additionalPermissions: ['instance.read'], acceptPermissions: true }))
        .then(upgradeRequested(2, ['instance.read'])));
    it('does not go back to a version that is not earlier', () => running().when(rollBack(2)).thenRefused(NotAnEarlierVersion));
    it('does not go back to the version that it runs', () => running().when(rollBack(1)).thenRefused(AlreadyAtVersion));
    it('is restarted', () =>
      running()
        .when(restart)
        .then({ type: 'RestartRequested', data: { instanceId, operationId: 'op_2', nodes: ['tomcat'] } }));
  });

  describe('running a later version', () => {
    const later = () =>
      given(
        instance,
        requested,
        concluded({}),
        upgradeRequested(10),
        concluded({ operationId: 'op_2', kind: 'upgrade', versionId: 'ver_10' }),
      );
    it('goes back to an earlier one, by the precedence of version numbers', () =>
      later().when(rollBack(9)).then(rollbackRequested(9)));
    it('asks for consent to permissions beyond those granted', () =>
      later()
        .when(rollBack(1, { additionalPermissions: ['instance.read'] }))
        .thenRefused(ConsentRequired));
    it('does not go back to a withdrawn one', () =>
      later()
        .when(rollBack(1, { target: { ...version(1), status: 'withdrawn' } }))
        .thenRefused(VersionNotDeployable));
  });

  describe('upgrading', () => {
    const upgrading = () => given(instance, requested, concluded({}), upgradeRequested(2));
    const back = concluded({
      operationId: 'op_2',
      kind: 'upgrade',
      outcome: 'rolled-back',
      ...failure,
      backTo: version(1),
      completedInit: ['seed'],
    });
    it('has the version before again when the operation was rolled back', () => {
      upgrading().when(rolledBack).then(back);
      given(instance, requested, concluded({}), upgradeRequested(2), back).when(upgrade(1)).thenRefused(AlreadyAtVersion);
    });
    it('can try the new version again after that', () =>
      given(instance, requested, concluded({}), upgradeRequested(2), back).when(upgrade(2)).then(upgradeRequested(2)));
    it('lets a delete cut the way back short', () =>
      upgrading()
        .when(remove)
        .then(
          concluded({
            operationId: 'op_2',
            kind: 'upgrade',
            outcome: 'pre-empted',
            reason: 'the instance is to be deleted',
            versionId: 'ver_2',
          }),
          { type: 'DeleteRequested', data: { instanceId, operationId: 'op_3' } },
        ));
  });

  describe('running as a trial of a draft', () => {
    it('can not be upgraded', () =>
      given(instance, { ...requested, data: { ...requested.data, released: false } }, concluded({}))
        .when(upgrade(2))
        .thenRefused(TrialNotUpgradable));
    it('can not go back', () =>
      given(instance, { ...requested, data: { ...requested.data, released: false } }, concluded({}))
        .when(rollBack(1))
        .thenRefused(TrialNotUpgradable));
  });

  describe('degraded', () => {
    const degraded = () => given(instance, requested, concluded({ outcome: 'failed', reason: 'mysql never came up' }));
    it('can try the same version again', () => degraded().when(upgrade(1)).then(upgradeRequested(1)));
    it('can be mended by an earlier version', () =>
      given(
        instance,
        requested,
        concluded({}),
        upgradeRequested(2),
        concluded({ operationId: 'op_2', kind: 'upgrade', outcome: 'failed', versionId: 'ver_2', ...failure }),
      )
        .when(rollBack(1))
        .then(rollbackRequested(1)));
    it('can be restarted', () =>
      degraded()
        .when(restart)
        .then({ type: 'RestartRequested', data: { instanceId, operationId: 'op_2', nodes: ['tomcat'] } }));
  });

  describe('deleting', () => {
    const deleting = () =>
      given(instance, requested, concluded({}), { type: 'DeleteRequested', data: { instanceId, operationId: 'op_3' } });
    it('is not deleted twice', () => deleting().when(remove).thenNothing());
    it('is gone when the delete has succeeded', () =>
      deleting()
        .when({ type: 'ConcludeOperation', operationId: 'op_3', outcome: 'succeeded', completedInit: [] })
        .then(concluded({ operationId: 'op_3', kind: 'delete' }), { type: 'InstanceDeleted', data: { instanceId, ...parties } }));
  });

  describe('deleted', () => {
    const deleted = () =>
      given(
        instance,
        requested,
        concluded({}),
        { type: 'DeleteRequested', data: { instanceId, operationId: 'op_3' } },
        concluded({ operationId: 'op_3', kind: 'delete' }),
        { type: 'InstanceDeleted', data: { instanceId, ...parties } },
      );
    it('can not be restarted', () => deleted().when(restart).thenRefused(InstanceGone));
    it('is deleted again without a fact', () => deleted().when(remove).thenNothing());
    it('is not requested again', () => deleted().when({ type: 'RequestInstance', data: requested.data }).thenNothing());
  });
});
