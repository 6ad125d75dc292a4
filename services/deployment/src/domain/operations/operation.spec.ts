import { given } from '@souk/event-sourcing/testing';
import { ids, operationAfter, started } from '../../../test/sample';
import { consequenceOf, nextDeadline } from './operation';
import { MAX_WAITS, operation } from './operation.decide';
import { NotOfOperation, NotToOverride, OperationEnded, OperationUnknown } from './operation.errors';
import { type OperationFact, operationFailedUpcasters, type WaitCode } from './operation.events';

const of = { operationId: ids.operationId, instanceId: ids.instanceId };
const deadline = '2026-01-01T00:10:00.000Z';
const applied: OperationFact = { type: 'NodeApplied', data: { ...of, node: 'web', specHash: 'h1', deadline } };
const waiting = (code: WaitCode, reason = code as string): OperationFact => ({
  type: 'NodeWaiting',
  data: { ...of, node: 'web', code, reason, deadline },
});
const ready: OperationFact = { type: 'NodeBecameReady', data: { ...of, node: 'web' } };
const failure = { code: 'refused', reason: 'refused' } as const;
const to = { versionId: 'ver_1', versionNumber: '1.0.0', snapshot: 'digest1' };
const succeeded: OperationFact = { type: 'OperationSucceeded', data: of };
const stalled: OperationFact = { type: 'OperationStalled', data: { ...of, code: 'cluster-unreachable', reason: 'refused' } };
const continued: OperationFact = { type: 'OperationContinued', data: of };
const record = (...facts: OperationFact[]) => ({ type: 'RecordFacts', facts }) as const;

describe('Operation', () => {
  describe('unknown', () => {
    it('starts', () => given(operation).when({ type: 'StartOperation', data: started().data }).then(started()));
    it('has nothing recorded before it starts', () => given(operation).when(record(applied)).thenNothing());
  });

  describe('of which somebody knows better', () => {
    const override = (node: string) => ({ type: 'OverrideNode', operationId: ids.operationId, node, reason: 'it runs' }) as const;
    const overridden: OperationFact = { type: 'NodeOverridden', data: { ...of, node: 'mysql', reason: 'it runs' } };
    it('takes a node for ready, once', () => {
      given(operation, started()).when(override('mysql')).then(overridden);
      given(operation, started(), overridden).when(override('mysql')).thenNothing();
    });
    it('waits for that node no more', () => {
      const waits: OperationFact = { type: 'NodeApplied', data: { ...of, node: 'mysql', specHash: 'h', deadline } };
      expect(nextDeadline(operationAfter(started(), waits, overridden))).toBeUndefined();
    });
    it('refuses a node that it does not have', () =>
      given(operation, started()).when(override('web')).thenRefused(NotOfOperation));
    it.each(['being-provided', 'being-removed'] as const)(
      'refuses a cloud node that is on its way (%s): what reads it could do nothing',
      (code) =>
        given(operation, started(), { type: 'NodeWaiting', data: { ...of, node: 'mysql', code, reason: 'waits', deadline } })
          .when(override('mysql'))
          .thenRefused(NotToOverride),
    );
    it('refuses it before it begins, and when it has ended', () => {
      given(operation).when(override('mysql')).thenRefused(OperationUnknown);
      given(operation, started(), succeeded).when(override('mysql')).thenRefused(OperationEnded);
    });
  });

  describe('running', () => {
    const running = (...facts: OperationFact[]) => given(operation, started(), ...facts);
    it('does not start twice', () => running().when({ type: 'StartOperation', data: started().data }).thenNothing());
    it('records what is new of many facts', () =>
      running(applied)
        .when(record(applied, ready, ready))
        .then(ready));
    it('records a wait once for each class of reason', () =>
      running(applied, waiting('crash-loop'))
        .when(record(waiting('crash-loop', 'other words'), waiting('image-not-pulled')))
        .then(waiting('image-not-pulled')));
    it('records a bounded number of waits', () => {
      const flapping = Array.from({ length: MAX_WAITS }, (_, i) => waiting(i % 2 ? 'crash-loop' : 'image-not-pulled'));
      running(applied, ...flapping)
        .when(record(waiting('does-not-fit')))
        .thenNothing();
    });
    it('stalls once and continues once', () =>
      running()
        .when(record(stalled, stalled, continued, continued))
        .then(stalled, continued));
    it('gives nodes their full time again when it continues', () => {
      expect(nextDeadline(operationAfter(started(), applied))).toBe(deadline);
      expect(nextDeadline(operationAfter(started(), applied, stalled, continued))).toBeUndefined();
      running(applied, stalled, continued)
        .when(record(waiting('starting')))
        .then(waiting('starting'));
    });
    it('has nowhere to go back to where nothing ran well before', () =>
      expect(consequenceOf(operationAfter(started()), failure)).toEqual({
        type: 'OperationFailed',
        data: { ...of, ...failure },
      }));
    it('is not rolled back before it has turned', () =>
      running()
        .when(record({ type: 'OperationRolledBack', data: { ...of, ...failure, to } }))
        .thenNothing());
    it('ends once', () =>
      running()
        .when(record(succeeded, { type: 'OperationFailed', data: { ...of, code: 'refused', reason: 'x' } }))
        .then(succeeded));
  });

  describe('rolling back', () => {
    const fallback = { ...to, waves: [['web']], grants: { apis: [], dataModels: [] } };
    const upgrade = started({ kind: 'upgrade', fallback });
    const turned: OperationFact = { type: 'RollbackStarted', data: { ...of, ...failure, to, waves: [['web']] } };
    const rolledBack: OperationFact = { type: 'OperationRolledBack', data: { ...of, ...failure, to } };
    const completed: OperationFact = { type: 'InitNodeCompleted', data: { ...of, node: 'seed' } };

    it('is what a failure leads to where something ran well before', () =>
      expect(consequenceOf(operationAfter(upgrade, applied), failure)).toEqual(turned));
    it('begins once, and begins with no node touched', () => {
      given(operation, upgrade, applied).when(record(turned, turned)).then(turned);
      given(operation, upgrade, applied, turned).when(record(applied)).then(applied);
    });
    it('does not forget init nodes that completed', () =>
      expect([...operationAfter(upgrade, completed, turned).completedInit]).toEqual(['seed']));
    it('ends with what had led to it', () => {
      given(operation, upgrade, turned).when(record(rolledBack, succeeded)).then(rolledBack);
      expect(operationAfter(upgrade, turned, rolledBack)).toMatchObject({ status: 'rolled-back', failure });
    });
    it('fails with both reasons', () =>
      expect(consequenceOf(operationAfter(upgrade, turned), { code: 'image-not-pulled', reason: 'gone' })).toEqual({
        type: 'OperationFailed',
        data: { ...of, code: 'image-not-pulled', reason: 'refused; going back to version 1.0.0 failed as well: gone' },
      }));
    it('is cut short by a delete', () => {
      const preempted: OperationFact = { type: 'OperationPreempted', data: { ...of, by: 'op_2' } };
      given(operation, upgrade, turned).when(record(preempted)).then(preempted);
    });
  });

  describe('OperationFailed of version 1', () => {
    it('has the code that its sentence tells', () => {
      const [upcast] = operationFailedUpcasters;
      const v1 = {
        ...of,
        node: 'web',
        reason: 'node "web" did not become ready within 10 minutes: its image "x" can\'t be pulled: y',
      };
      expect(upcast!(v1)).toEqual({ ...v1, code: 'image-not-pulled' });
      expect(upcast!({ ...of, reason: 'whatever' })).toEqual({ ...of, reason: 'whatever', code: 'unknown' });
    });
  });

  describe('ended', () => {
    it('records nothing any more', () => given(operation, started(), succeeded).when(record(applied, ready)).thenNothing());
  });
});
