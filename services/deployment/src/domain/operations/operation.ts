import { assertNever } from '@souk/event-sourcing';
import type { Failure } from './failure';
import type { OperationEvent, OperationFailed, OperationStarted, RollbackStarted, StallCode, WaitCode } from './operation.events';

export interface NodeProgress {
  /** Hash of what this operation applied; absent where it applied nothing. */
  readonly applied: string | undefined;
  readonly waiting: { readonly code: WaitCode; readonly reason: string } | undefined;
  /** How often a wait was recorded; there is a most, so that the stream stays bounded. */
  readonly waits: number;
  readonly deadline: string | undefined;
  /** When each kind of trouble, met since it was applied, is no longer waited for. */
  readonly giveUpAt: Readonly<Partial<Record<WaitCode, string>>>;
  readonly state: 'untouched' | 'progressing' | 'ready' | 'completed' | 'overridden' | 'failed' | 'removed';
}

export interface OperationProgress {
  readonly started: OperationStarted['data'];
  readonly credential: { readonly appKey: string; readonly secretVersion: number } | undefined;
  readonly revoked: boolean;
  /** On the way back: since it began. */
  readonly nodes: ReadonlyMap<string, NodeProgress>;
  /** Init nodes that completed, on whichever way. */
  readonly completedInit: ReadonlySet<string>;
  /** Nodes that count as ready or completed, because somebody has said so. */
  readonly overridden: ReadonlySet<string>;
  /** Why it leads back to what ran before; absent as long as it leads where it was meant to. */
  readonly rollback: Failure | undefined;
  readonly stalled: StallCode | undefined;
  readonly stalls: number;
}

export type Operation =
  | { readonly status: 'unknown' }
  | (OperationProgress & { readonly status: 'running' | 'succeeded' | 'pre-empted' })
  | (OperationProgress & { readonly status: 'failed' | 'rolled-back'; readonly failure: Failure });

export type StartedOperation = Exclude<Operation, { status: 'unknown' }>;

export const noOperation: Operation = { status: 'unknown' };

const untouched: NodeProgress = {
  applied: undefined,
  waiting: undefined,
  deadline: undefined,
  giveUpAt: {},
  waits: 0,
  state: 'untouched',
};

const unstarted = {
  revoked: false,
  nodes: new Map<string, NodeProgress>(),
  completedInit: new Set<string>(),
  overridden: new Set<string>(),
  rollback: undefined,
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
      return withNode(state, node, {
        waits,
        waiting: undefined,
        giveUpAt: {},
        applied: specHash,
        deadline,
        state: 'progressing',
      });
    }
    case 'NodeWaiting': {
      const { node, code, reason, deadline, giveUpAt } = event.data;
      const known = progressOf(state, node);
      const waiting = { waits: known.waits + 1, waiting: { code, reason }, state: 'progressing' as const };
      // A crash loop runs again and again in between: it is the first time of a trouble that counts.
      const patience = { ...(giveUpAt !== undefined && { [code]: giveUpAt }), ...known.giveUpAt };
      // Whoever provides a cloud node watches over its time: that is no time of the node.
      const timeUp = known.waiting?.code === 'being-provided' ? deadline : (known.deadline ?? deadline);
      return withNode(state, node, { ...known, ...waiting, giveUpAt: patience, deadline: timeUp });
    }
    case 'NodeBecameReady':
      return withNode(state, event.data.node, settled(progressOf(state, event.data.node), 'ready'));
    case 'InitNodeCompleted': {
      const { node } = event.data;
      const completedInit = new Set(state.completedInit).add(node);
      return withNode({ ...state, completedInit }, node, settled(progressOf(state, node), 'completed'));
    }
    case 'InitNodeFailed':
      return withNode(state, event.data.node, settled(progressOf(state, event.data.node), 'failed'));
    case 'NodeDeleted':
      return withNode(state, event.data.node, settled(progressOf(state, event.data.node), 'removed'));
    case 'OperationStalled':
      return { ...state, stalled: event.data.code, stalls: state.stalls + 1 };
    case 'OperationContinued': {
      const nodes = [...state.nodes].map(
        ([node, progress]) => [node, { ...progress, deadline: undefined, giveUpAt: {} }] as const,
      );
      return { ...state, stalled: undefined, nodes: new Map(nodes) };
    }
    case 'NodeOverridden': {
      const { node } = event.data;
      const overridden = new Set(state.overridden).add(node);
      return withNode({ ...state, overridden }, node, settled(progressOf(state, node), 'overridden'));
    }
    case 'InventoryFoundEmpty':
      return state;
    case 'OperationSucceeded':
      return { ...state, status: 'succeeded' };
    case 'RollbackStarted':
      return { ...state, rollback: failureOf(event.data), nodes: new Map(), overridden: new Set() };
    case 'OperationFailed':
      return { ...state, status: 'failed', failure: failureOf(event.data) };
    case 'OperationRolledBack':
      return { ...state, status: 'rolled-back', failure: failureOf(event.data) };
    case 'OperationPreempted':
      return { ...state, status: 'pre-empted' };
    default:
      return assertNever(event);
  }
}

export function progressOf(state: OperationProgress, node: string): NodeProgress {
  return state.nodes.get(node) ?? untouched;
}

/**
 * What follows from a failure: the way back, where something ran well before and that way was not taken yet; else the end. A way back
 * that fails is told with what had led to it.
 */
export function consequenceOf({ started, rollback }: OperationProgress, failure: Failure): RollbackStarted | OperationFailed {
  const { operationId, instanceId, fallback } = started;
  const ids = { operationId, instanceId };
  if (!fallback) return { type: 'OperationFailed', data: { ...ids, ...failure } };
  const { waves, grants: _, ...to } = fallback;
  if (!rollback) return { type: 'RollbackStarted', data: { ...ids, ...failure, to, waves } };
  const reason = `${rollback.reason}; going back to version ${to.versionNumber} failed as well: ${failure.reason}`;
  return { type: 'OperationFailed', data: { ...ids, ...failure, reason } };
}

/** Whether it leads from one version to another, or may have to. */
export const changesVersion = ({ kind }: OperationStarted['data']): boolean =>
  kind === 'upgrade' || kind === 'rollback' || kind === 'retry';

/**
 * Whether nodes are touched in the reverse of the deploy order: on the way back of an upgrade, on the way of a rollback, and when all is
 * stopped. A rollback that mends what never ran well, and the way back of a rollback, follow the deploy order.
 */
export function leadsBack({ started, rollback }: OperationProgress): boolean {
  if (started.kind === 'stop') return true;
  return started.kind === 'rollback' ? started.fallback !== undefined && !rollback : rollback !== undefined;
}

/** Nodes that are gone at its end: only what it leads away from has them. */
export function removesOf({ started, rollback }: OperationProgress): readonly string[] {
  if (!rollback || !started.fallback) return started.removes ?? [];
  const kept = new Set(started.fallback.waves.flat());
  return started.waves.flat().filter((node) => !kept.has(node));
}

/** The first moment at which a node's time is up. Who provides a cloud node watches over its time. */
export function nextDeadline(state: OperationProgress): string | undefined {
  return open(state)
    .filter(({ waiting }) => waiting?.code !== 'being-provided')
    .flatMap((progress) => progress.deadline ?? [])
    .sort()[0];
}

/** The first moment after now at which some trouble has lasted too long. */
export function nextGivingUp(state: OperationProgress, now: string): string | undefined {
  return open(state)
    .flatMap((progress) => Object.values(progress.giveUpAt))
    .filter((moment) => moment > now)
    .sort()[0];
}

const open = ({ nodes }: OperationProgress): NodeProgress[] =>
  [...nodes.values()].filter((progress) => progress.state === 'progressing');

function failureOf({ code, reason, node }: Failure): Failure {
  return { code, reason, ...(node !== undefined && { node }) };
}

function withNode<S extends OperationProgress>(state: S, node: string, progress: NodeProgress): S {
  return { ...state, nodes: new Map(state.nodes).set(node, progress) };
}

function settled(progress: NodeProgress, state: NodeProgress['state']): NodeProgress {
  return { ...progress, waiting: undefined, deadline: undefined, giveUpAt: {}, state };
}
