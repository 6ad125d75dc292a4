import { type Aggregate, assertNever } from '@souk/event-sourcing';
import { evolveOperation, noOperation, type Operation, progressOf } from './operation';
import { NotOfOperation, NotToOverride, OperationEnded, OperationUnknown } from './operation.errors';
import {
  type NodeOverridden,
  type OperationEvent,
  type OperationFact,
  operationFailedUpcasters,
  type OperationStarted,
} from './operation.events';

export type StartOperation = { readonly type: 'StartOperation'; readonly data: OperationStarted['data'] };

/** What the reconciler has seen or done. What is known already, or comes after the end, is no news. */
export interface RecordFacts {
  readonly type: 'RecordFacts';
  readonly facts: readonly OperationFact[];
}

/** For those who know better than what the cluster shows. */
export interface OverrideNode {
  readonly type: 'OverrideNode';
  readonly operationId: string;
  readonly node: string;
  readonly reason: string;
}

export type OperationCommand = StartOperation | RecordFacts | OverrideNode;

/** Most waits of one node, and most stalls, that one operation records: the stream stays bounded however long a cluster flaps. */
export const MAX_WAITS = 100;
export const MAX_STALLS = 50;

const start = ({ data }: StartOperation, state: Operation): OperationEvent[] => {
  if (state.status !== 'unknown') return [];
  return [{ type: 'OperationStarted', data }];
};

const record = ({ facts }: RecordFacts, before: Operation): OperationEvent[] => {
  const news: OperationEvent[] = [];
  let state = before;
  for (const fact of facts) {
    if (!isNews(fact, state)) continue;
    news.push(fact);
    state = evolveOperation(state, fact);
  }
  return news;
};

const override = ({ operationId, node, reason }: OverrideNode, state: Operation): NodeOverridden[] => {
  if (state.status === 'unknown') throw new OperationUnknown(operationId);
  if (state.overridden.has(node)) return [];
  if (state.status !== 'running') throw new OperationEnded(operationId, state.status);
  const { instanceId, waves } = state.started;
  if (!waves.flat().includes(node)) throw new NotOfOperation(node, operationId);
  // Whoever reads its credentials could do nothing without them.
  const waitsFor = progressOf(state, node).waiting?.code;
  if (waitsFor === 'being-provided' || waitsFor === 'being-removed') throw new NotToOverride(node);
  return [{ type: 'NodeOverridden', data: { operationId, instanceId, node, reason } }];
};

export const operation: Aggregate<Operation, OperationCommand, OperationEvent> = {
  category: 'operation',
  initial: noOperation,
  // Many nodes make many events, and each step of the engine loads the operation.
  snapshots: { version: 3 },
  eventTypes: {
    OperationStarted: {},
    CredentialBound: {},
    CredentialUnbound: {},
    NodeApplied: {},
    NodeWaiting: {},
    NodeBecameReady: {},
    InitNodeCompleted: {},
    InitNodeFailed: {},
    NodeDeleted: {},
    OperationStalled: {},
    OperationContinued: {},
    NodeOverridden: {},
    InventoryFoundEmpty: {},
    OperationSucceeded: {},
    OperationFailed: { upcasters: operationFailedUpcasters },
    RollbackStarted: {},
    OperationRolledBack: {},
    OperationPreempted: {},
  },
  tenants: (state) => (state.status === 'unknown' ? [] : [...new Set([state.started.ownerTenant, state.started.providerTenant])]),
  evolve: evolveOperation,
  decide(command, state) {
    switch (command.type) {
      case 'StartOperation':
        return start(command, state);
      case 'RecordFacts':
        return record(command, state);
      case 'OverrideNode':
        return override(command, state);
      default:
        return assertNever(command);
    }
  },
};

/** Whether this fact says something that the operation does not know. */
export function isNews(fact: OperationFact, state: Operation): boolean {
  if (state.status !== 'running') return false;
  switch (fact.type) {
    case 'CredentialBound':
      return state.credential?.secretVersion !== fact.data.secretVersion || state.credential.appKey !== fact.data.appKey;
    case 'CredentialUnbound':
      return !state.revoked;
    case 'NodeApplied':
      return progressOf(state, fact.data.node).applied !== fact.data.specHash;
    case 'NodeWaiting': {
      const { waits, waiting, deadline } = progressOf(state, fact.data.node);
      return waits < MAX_WAITS && (deadline === undefined || waiting?.code !== fact.data.code);
    }
    case 'NodeBecameReady':
      return progressOf(state, fact.data.node).state !== 'ready';
    case 'InitNodeCompleted':
      return !state.completedInit.has(fact.data.node);
    case 'InitNodeFailed':
      return progressOf(state, fact.data.node).state !== 'failed';
    case 'NodeDeleted':
      return progressOf(state, fact.data.node).state !== 'removed';
    case 'OperationStalled':
      return state.stalled === undefined && state.stalls < MAX_STALLS;
    case 'OperationContinued':
      return state.stalled !== undefined;
    case 'NodeOverridden':
      return !state.overridden.has(fact.data.node);
    case 'RollbackStarted':
      return state.rollback === undefined;
    case 'OperationRolledBack':
      return state.rollback !== undefined;
    case 'InventoryFoundEmpty':
    case 'OperationSucceeded':
    case 'OperationFailed':
    case 'OperationPreempted':
      return true;
    default:
      return assertNever(fact);
  }
}
