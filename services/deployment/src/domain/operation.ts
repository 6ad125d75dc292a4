import { assertNever } from '@souk/event-sourcing';
import type { OperationEvent, OperationStarted, StallCode, WaitCode } from './operation.events';

export interface NodeProgress {
  /** Hash of what this operation applied; absent where it applied nothing. */
  readonly applied: string | undefined;
  readonly waiting: { readonly code: WaitCode; readonly reason: string } | undefined;
  /** How often a wait was recorded; there is a most, so that the stream stays bounded. */
  readonly waits: number;
  readonly deadline: string | undefined;
  readonly state: 'untouched' | 'progressing' | 'ready' | 'completed' | 'failed' | 'removed';
}

export interface OperationProgress {
  readonly started: OperationStarted['data'];
  readonly credential: { readonly appKey: string; readonly secretVersion: number } | undefined;
  readonly revoked: boolean;
  readonly nodes: ReadonlyMap<string, NodeProgress>;
  readonly stalled: StallCode | undefined;
  readonly stalls: number;
}

export type Operation =
  | { readonly status: 'unknown' }
  | (OperationProgress & { readonly status: 'running' | 'succeeded' | 'pre-empted' })
  | (OperationProgress & { readonly status: 'failed'; readonly reason: string });

export type StartedOperation = Exclude<Operation, { status: 'unknown' }>;

export const noOperation: Operation = { status: 'unknown' };

const untouched: NodeProgress = { applied: undefined, waiting: undefined, deadline: undefined, waits: 0, state: 'untouched' };

const unstarted = {
  revoked: false,
  nodes: new Map<string, NodeProgress>(),
  stalls: 0,
  credential: undefined,
  stalled: undefined,
};

export function evolveOperation(state: Operation, event: OperationEvent): Operation {
  if (event.type === 'OperationStarted') return { ...unstarted, status: 'running', started: event.data };
  if (state.status === 'unknown') return state;
  switch (event.type) {
    case 'CredentialBound':
      return { ...state, credential: { appKey: event.data.appKey, secretVersion: event.data.secretVersion } };
    case 'CredentialUnbound':
      return { ...state, revoked: true };
    case 'NodeApplied': {
      const { node, specHash, deadline } = event.data;
      const { waits } = progressOf(state, node);
      return withNode(state, node, { waits, waiting: undefined, applied: specHash, deadline, state: 'progressing' });
    }
    case 'NodeWaiting': {
      const { node, code, reason, deadline } = event.data;
      const known = progressOf(state, node);
      const waiting = { waits: known.waits + 1, waiting: { code, reason }, state: 'progressing' as const };
      return withNode(state, node, { ...known, ...waiting, deadline: known.deadline ?? deadline });
    }
    case 'NodeBecameReady':
      return withNode(state, event.data.node, settled(progressOf(state, event.data.node), 'ready'));
    case 'InitNodeCompleted':
      return withNode(state, event.data.node, settled(progressOf(state, event.data.node), 'completed'));
    case 'InitNodeFailed':
      return withNode(state, event.data.node, settled(progressOf(state, event.data.node), 'failed'));
    case 'NodeDeleted':
      return withNode(state, event.data.node, settled(progressOf(state, event.data.node), 'removed'));
    case 'OperationStalled':
      return { ...state, stalled: event.data.code, stalls: state.stalls + 1 };
    case 'OperationContinued': {
      const nodes = [...state.nodes].map(([node, progress]) => [node, { ...progress, deadline: undefined }] as const);
      return { ...state, stalled: undefined, nodes: new Map(nodes) };
    }
    case 'OperationSucceeded':
      return { ...state, status: 'succeeded' };
    case 'OperationFailed':
      return { ...state, status: 'failed', reason: event.data.reason };
    case 'OperationPreempted':
      return { ...state, status: 'pre-empted' };
    default:
      return assertNever(event);
  }
}

export function progressOf(state: OperationProgress, node: string): NodeProgress {
  return state.nodes.get(node) ?? untouched;
}

/** Init nodes that completed in this operation. */
export function completedInitOf(state: OperationProgress): string[] {
  return [...state.nodes].filter(([, progress]) => progress.state === 'completed').map(([node]) => node);
}

/** The first moment at which a node's time is up. */
export function nextDeadline(state: OperationProgress): string | undefined {
  const open = [...state.nodes.values()].filter((progress) => progress.state === 'progressing');
  return open.flatMap((progress) => progress.deadline ?? []).sort()[0];
}

function withNode<S extends OperationProgress>(state: S, node: string, progress: NodeProgress): S {
  return { ...state, nodes: new Map(state.nodes).set(node, progress) };
}

function settled(progress: NodeProgress, state: NodeProgress['state']): NodeProgress {
  return { ...progress, waiting: undefined, deadline: undefined, state };
}
