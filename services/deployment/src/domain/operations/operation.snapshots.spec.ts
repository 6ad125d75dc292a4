import { snapshotLaws } from '@souk/event-sourcing/testing';
import fc from 'fast-check';
import { ids, started } from '../../../test/sample';
import { operation, type OperationCommand } from './operation.decide';
import type { OperationFact } from './operation.events';

const of = { operationId: ids.operationId, instanceId: ids.instanceId };
const deadline = '2026-01-01T00:10:00.000Z';
const node = fc.constantFrom('web', 'db', '__proto__');
const ofNode = <Fact extends object>(make: (node: string) => Fact): fc.Arbitrary<Fact> => node.map(make);
const facts: fc.Arbitrary<OperationFact> = fc.oneof(
  ...([1, 2] as const).map((secretVersion) =>
    fc.constant({ type: 'CredentialBound', data: { ...of, appKey: 'key', secretVersion } } as const),
  ),
  fc.constant({ type: 'CredentialUnbound', data: of } as const),
  ofNode((node) => ({ type: 'NodeApplied', data: { ...of, node, specHash: 'h1', deadline } }) as const),
  ofNode((node) => ({ type: 'NodeWaiting', data: { ...of, node, code: 'starting', reason: 'x', deadline } }) as const),
  ofNode((node) => ({ type: 'NodeWaiting', data: { ...of, node, code: 'crash-loop', reason: 'y', deadline } }) as const),
  ofNode((node) => ({ type: 'NodeBecameReady', data: { ...of, node } }) as const),
  ofNode((node) => ({ type: 'InitNodeCompleted', data: { ...of, node } }) as const),
  ofNode((node) => ({ type: 'NodeOverridden', data: { ...of, node, reason: 'it runs' } }) as const),
  ofNode((node) => ({ type: 'NodeDeleted', data: { ...of, node } }) as const),
  fc.constant({ type: 'OperationStalled', data: { ...of, code: 'cluster-unreachable', reason: 'refused' } } as const),
  fc.constant({ type: 'OperationContinued', data: of } as const),
);
const commands: fc.Arbitrary<OperationCommand> = fc.oneof(
  { weight: 3, arbitrary: fc.constant({ type: 'StartOperation', data: started().data } as const) },
  { weight: 12, arbitrary: fc.array(facts, { maxLength: 5 }).map((facts) => ({ type: 'RecordFacts', facts }) as const) },
  { weight: 1, arbitrary: fc.constant({ type: 'RecordFacts', facts: [{ type: 'OperationSucceeded', data: of }] } as const) },
);

snapshotLaws(operation, commands);
