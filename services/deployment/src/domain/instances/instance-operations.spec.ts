import { given } from '@souk/event-sourcing/testing';
import { ids } from '../../../test/sample';
import { instance } from './instance.decide';
import { AlreadyRunning, AlreadyStopped, InstanceSuspended, NothingToRetry, OperationRunning } from './instance.errors';
import { OperationEnded } from '../operations/operation.errors';
import type { InstanceEvent, OperationKind, OperationOutcome } from './instance.events';

const { instanceId } = ids;
const parties = { ownerTenant: ids.buyer, providerTenant: ids.provider };
const requested = {
  type: 'InstanceRequested',
  data: {
    ...{ ...parties, instanceId, name: 'my shop', appId: ids.appId, clusterId: ids.clusterId, configuration: 'standard' },
    ...{ versionId: 'ver_1', versionNumber: '1.0.0', snapshot: 'digest1', released: true, parameters: {}, secrets: [] },
    ...{ origin: { kind: 'trial' }, operationId: 'op_1' },
  },
} satisfies InstanceEvent;
const ended = (kind: OperationKind, operationId: string, outcome: OperationOutcome = 'succeeded'): InstanceEvent => ({
  type: 'OperationConcluded',
  data: { ...parties, instanceId, operationId, kind, outcome, completedInit: [], versionId: 'ver_1' },
});
const running = [requested, ended('deploy', 'op_1')];
const op = (operationId: string) => ({ instanceId, operationId });
const stopped: InstanceEvent[] = [...running, { type: 'StopRequested', data: op('op_2') }, ended('stop', 'op_2')];
const differences = [{ kind: 'Service', name: 'web', what: 'is gone' }];
const at = (minute: number) => new Date(Date.UTC(2026, 0, 1, 0, minute)).toISOString();
const corrected = (n: number): InstanceEvent[] => [
  { type: 'CorrectionRequested', data: { ...op(`op_c${n}`), differences, seenAt: at(n) } },
  ended('correct', `op_c${n}`),
];
const correct = (minute: number) =>
  ({ type: 'RequestCorrection', ...op('op_c'), differences, now: at(minute), countedFrom: at(minute - 60) }) as const;
const stateAfter = (...events: InstanceEvent[]) =>
  events.reduce((state, event) => instance.evolve(state, event), instance.initial);

describe('Instance', () => {
  describe('running', () => {
    it('is stopped', () =>
      given(instance, ...running)
        .when({ type: 'RequestStop', ...op('op_2') })
        .then({ type: 'StopRequested', data: op('op_2') }));
    it('is not started', () =>
      given(instance, ...running)
        .when({ type: 'RequestStart', ...op('op_2') })
        .thenRefused(AlreadyRunning));
    it('keeps what it was scaled to', () => {
      const scaled: InstanceEvent = { type: 'ScaleRequested', data: { ...op('op_2'), nodes: { web: 3 } } };
      const state = stateAfter(...running, scaled, ended('scale', 'op_2'), {
        type: 'UpgradeRequested',
        data: { ...op('op_3'), versionId: 'ver_2', versionNumber: '2.0.0', snapshot: 'digest2', acceptedPermissions: [] },
      });
      expect(state).toMatchObject({ status: 'upgrading', scale: new Map([['web', 3]]) });
    });
    it('has nothing that could be tried again', () =>
      given(instance, ...running)
        .when({ type: 'RequestRetry', ...op('op_2'), failedOperation: 'op_1', lastOperation: 'op_1' })
        .thenRefused(NothingToRetry));
  });

  describe('stopped', () => {
    it('is not stopped again', () =>
      given(instance, ...stopped)
        .when({ type: 'RequestStop', ...op('op_3') })
        .thenRefused(AlreadyStopped));
    it('stays so whatever else is done to it', () => {
      const restarted: InstanceEvent = { type: 'RestartRequested', data: { ...op('op_3'), nodes: ['web'] } };
      expect(stateAfter(...stopped, restarted, ended('restart', 'op_3')).status).toBe('stopped');
    });
    it('runs again once it was started', () => {
      const started: InstanceEvent = { type: 'StartRequested', data: op('op_3') };
      expect(stateAfter(...stopped, started, ended('start', 'op_3')).status).toBe('running');
    });
  });

  describe('degraded', () => {
    const degraded = [requested, ended('deploy', 'op_1', 'failed')];
    it('is tried again', () =>
      given(instance, ...degraded)
        .when({ type: 'RequestRetry', ...op('op_2'), failedOperation: 'op_1', lastOperation: 'op_1' })
        .then({ type: 'RetryRequested', data: { ...op('op_2'), failedOperation: 'op_1' } }));
    it('is not tried again for an operation before the last one', () =>
      given(instance, ...degraded)
        .when({ type: 'RequestRetry', ...op('op_2'), failedOperation: 'op_0', lastOperation: 'op_1' })
        .thenRefused(NothingToRetry));
    it('is left to its owner, whatever differs', () =>
      given(instance, ...degraded)
        .when(correct(0))
        .thenNothing());
  });

  describe('changed by somebody else', () => {
    it('is put right', () =>
      given(instance, ...running)
        .when(correct(0))
        .then({ type: 'CorrectionRequested', data: { ...op('op_c'), differences, seenAt: at(0) } }));
    it('is not put right where its owner wants to be told', () =>
      given(instance, ...running, { type: 'DriftPolicyChosen', data: { instanceId, policy: 'report' } })
        .when(correct(0))
        .thenNothing());
    it('is not put right a fourth time within an hour', () =>
      given(instance, ...running, ...corrected(0), ...corrected(1), ...corrected(2))
        .when(correct(60))
        .thenNothing());
    it('is put right again after that hour, where it is something else', () => {
      const others = [{ kind: 'Service', name: 'api', what: 'is gone' }];
      given(instance, ...running, ...corrected(0), ...corrected(1), ...corrected(2))
        .when({ ...correct(61), differences: others })
        .then({ type: 'CorrectionRequested', data: { ...op('op_c'), differences: others, seenAt: at(61) } });
    });
    it('is left as it is where the same comes back again and again, until its owner acts', () => {
      const fought = [...running, ...corrected(0), ...corrected(1), ...corrected(2)];
      given(instance, ...fought)
        .when(correct(61))
        .thenNothing();
      const restarted: InstanceEvent = { type: 'RestartRequested', data: { ...op('op_3'), nodes: ['web'] } };
      given(instance, ...fought, restarted, ended('restart', 'op_3'))
        .when(correct(61))
        .then({ type: 'CorrectionRequested', data: { ...op('op_c'), differences, seenAt: at(61) } });
    });
    it('is put right whenever the same comes back once in a while', () =>
      given(instance, ...running, ...corrected(0), ...corrected(1500), ...corrected(3000))
        .when(correct(4500))
        .then({ type: 'CorrectionRequested', data: { ...op('op_c'), differences, seenAt: at(4500) } }));
    it('is not put right any more when somebody asks for something else', () => {
      const [correction] = corrected(0);
      const cutShort: InstanceEvent = {
        type: 'OperationConcluded',
        data: {
          ...{ ...parties, ...op('op_c0'), kind: 'correct', outcome: 'pre-empted', completedInit: [], versionId: 'ver_1' },
          reason: 'something else was asked for',
        },
      };
      const stop: InstanceEvent = { type: 'StopRequested', data: op('op_2') };
      given(instance, ...running, correction!)
        .when({ type: 'RequestStop', ...op('op_2') })
        .then(cutShort, stop);
      expect(stateAfter(...running, correction!, cutShort, stop)).toMatchObject({ status: 'stopping', preempted: ['op_c0'] });
      expect(stateAfter(...running, correction!, cutShort, stop, ended('stop', 'op_2'))).not.toHaveProperty('preempted');
      const removal: InstanceEvent = { type: 'DeleteRequested', data: op('op_3') };
      const both = stateAfter(...running, correction!, cutShort, stop, ended('stop', 'op_2', 'pre-empted'), removal);
      expect(both).toMatchObject({ status: 'deleting', preempted: ['op_c0', 'op_2'] });
    });
    it('runs on when that fails', () => {
      const failed = [corrected(0)[0]!, ended('correct', 'op_c0', 'failed')];
      expect(stateAfter(...running, ...failed).status).toBe('running');
    });
  });

  describe('suspended', () => {
    const suspension: InstanceEvent = { type: 'ReconciliationSuspended', data: { instanceId, reason: 'the host moves' } };
    const suspended = given(instance, ...running, suspension);
    it('begins nothing', () => suspended.when({ type: 'RequestStop', ...op('op_2') }).thenRefused(InstanceSuspended));
    it('is not put right', () => suspended.when(correct(0)).thenNothing());
    it('is suspended once', () => suspended.when({ type: 'SuspendReconciliation', instanceId, reason: 'again' }).thenNothing());
    it('is deleted all the same', () =>
      suspended.when({ type: 'RequestDelete', ...op('op_2') }).then({ type: 'DeleteRequested', data: op('op_2') }));
    it('goes on', () =>
      suspended
        .when({ type: 'ResumeReconciliation', instanceId, reason: 'it has moved' })
        .then({ type: 'ReconciliationResumed', data: { instanceId, reason: 'it has moved' } }));
    it('goes on with no other operation than the one that is named', () =>
      given(instance, requested, suspension)
        .when({ type: 'ResumeReconciliation', instanceId, operationId: 'op_0', reason: 'it has moved' })
        .thenRefused(OperationEnded));
    it('says what is under way first', () =>
      given(instance, requested, suspension)
        .when({ type: 'RequestStop', ...op('op_2') })
        .thenRefused(OperationRunning));
  });
});
