import { given } from '@souk/event-sourcing/testing';
import { ids, operationAfter, started } from '../../test/sample';
import { nextDeadline } from './operation';
import { MAX_WAITS, operation } from './operation.decide';
import type { OperationFact, WaitCode } from './operation.events';

const of = { operationId: ids.operationId, instanceId: ids.instanceId };
const deadline = '2026-01-01T00:10:00.000Z';
const applied: OperationFact = { type: 'NodeApplied', data: { ...of, node: 'web', specHash: 'h1', deadline } };
const waiting = (code: WaitCode, reason = code as string): OperationFact => ({
  type: 'NodeWaiting',
  data: { ...of, node: 'web', code, reason, deadline },
});
const ready: OperationFact = { type: 'NodeBecameReady', data: { ...of, node: 'web' } };
const succeeded: OperationFact = { type: 'OperationSucceeded', data: of };
const stalled: OperationFact = { type: 'OperationStalled', data: { ...of, code: 'cluster-unreachable', reason: 'refused' } };
const continued: OperationFact = { type: 'OperationContinued', data: of };
const record = (...facts: OperationFact[]) => ({ type: 'RecordFacts', facts }) as const;

describe('Operation', () => {
  describe('unknown', () => {
    it('starts', () => given(operation).when({ type: 'StartOperation', data: started().data }).then(started()));
    it('has nothing recorded before it starts', () => given(operation).when(record(applied)).thenNothing());
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
    it('ends once', () =>
      running()
        .when(record(succeeded, { type: 'OperationFailed', data: { ...of, code: 'refused', reason: 'x' } }))
        .then(succeeded));
  });

  describe('ended', () => {
    it('records nothing any more', () => given(operation, started(), succeeded).when(record(applied, ready)).thenNothing());
  });
});
