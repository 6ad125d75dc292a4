import { assertNever } from '@souk/event-sourcing';
import type { Difference } from '../health/drift';
import type {
  CorrectionRequested,
  DeployedVersion,
  DriftPolicy,
  InstanceEvent,
  InstanceOrigin,
  InstanceRequested,
  OperationConcluded,
  OperationKind,
  RollbackRequested,
  UpgradeRequested,
} from './instance.events';

export interface RunningOperation {
  readonly operationId: string;
  readonly kind: OperationKind;
}

/** What is known of every instance, whatever it is doing. */
export interface InstanceFacts {
  readonly instanceId: string;
  readonly name: string;
  readonly ownerTenant: string;
  readonly providerTenant: string;
  readonly appId: string;
  readonly configuration: string;
  readonly clusterId: string;
  readonly parameters: Readonly<Record<string, string>>;
  /** Declared names of supplied secrets. */
  readonly secrets: readonly string[];
  readonly origin: InstanceOrigin;
  readonly released: boolean;
  /** The version that is wanted. */
  readonly wanted: DeployedVersion;
  /** The version that the last successful operation left running; absent before the first. */
  readonly running?: DeployedVersion;
  /** Node → the operation that restarted it last. Part of what is wanted, so that a restart is not undone by the next upgrade. */
  readonly restarts: ReadonlyMap<string, string>;
  /** Init nodes that completed ever. */
  readonly completedInit: ReadonlySet<string>;
  /** Nothing is to run. A later upgrade does not start it. */
  readonly stopped: boolean;
  /** Node → replicas, where its owner wants another number than the topology says. */
  readonly scale: ReadonlyMap<string, number>;
  readonly driftPolicy: DriftPolicy;
  /** When the last corrections were asked for, the newest last; at most {@link MAX_CORRECTIONS}. */
  readonly corrections: readonly string[];
  /** What was put right last, and how often in a row; gone with whatever its owner asks for. */
  readonly fought?: Fought;
  /** Why nothing is done to it for now. */
  readonly suspended?: { readonly reason: string };
  /** Operations that were cut short since the last one came to an end. Each of them is to learn of it. */
  readonly preempted?: readonly string[];
}

interface Fought {
  readonly differences: readonly Difference[];
  readonly times: number;
}

/** Corrections within a while, and of the same differences in a row: whoever else keeps changing it back is not fought for ever. */
export const MAX_CORRECTIONS = 3;

export type Instance =
  | { readonly status: 'unknown' }
  | (InstanceFacts & {
      readonly status: 'deploying' | 'restarting' | 'stopping' | 'starting' | 'scaling' | 'retrying';
      readonly operation: RunningOperation;
    })
  | (InstanceFacts & { readonly status: 'correcting'; readonly operation: RunningOperation })
  | (InstanceFacts & {
      readonly status: 'upgrading' | 'rolling-back';
      readonly operation: RunningOperation;
      /** What ran well when this was asked for: where a failure leads back to. A degraded instance has none. */
      readonly from?: DeployedVersion;
    })
  | (InstanceFacts & {
      readonly status: 'deleting';
      readonly operation: RunningOperation;
    })
  | (InstanceFacts & { readonly status: 'running' | 'stopped' | 'degraded' })
  | (InstanceFacts & { readonly status: 'deleted' });

export type KnownInstance = Exclude<Instance, { status: 'unknown' }>;

export const noInstance: Instance = { status: 'unknown' };

export function evolveInstance(state: Instance, event: InstanceEvent): Instance {
  if (event.type === 'InstanceRequested') return requested(event);
  if (state.status === 'unknown') return state;
  const facts = isOwners(event) ? unfought(factsOf(state)) : factsOf(state);
  switch (event.type) {
    case 'UpgradeRequested':
      return changingVersion(state, event, 'upgrading', 'upgrade');
    case 'RollbackRequested':
      return changingVersion(state, event, 'rolling-back', 'rollback');
    case 'RestartRequested': {
      const { operationId, nodes } = event.data;
      const restarts = new Map([...facts.restarts, ...nodes.map((node) => [node, operationId] as const)]);
      return { ...facts, restarts, status: 'restarting', operation: { operationId, kind: 'restart' } };
    }
    case 'StopRequested':
      return { ...facts, stopped: true, status: 'stopping', operation: { operationId: event.data.operationId, kind: 'stop' } };
    case 'StartRequested':
      return { ...facts, stopped: false, status: 'starting', operation: { operationId: event.data.operationId, kind: 'start' } };
    case 'ScaleRequested': {
      const scale = new Map([...facts.scale, ...Object.entries(event.data.nodes)]);
      return { ...facts, scale, status: 'scaling', operation: { operationId: event.data.operationId, kind: 'scale' } };
    }
    case 'RetryRequested':
      return { ...facts, status: 'retrying', operation: { operationId: event.data.operationId, kind: 'retry' } };
    case 'CorrectionRequested':
      return correcting(facts, event);
    case 'DriftPolicyChosen': {
      const { fought: _, ...rest } = state;
      return { ...rest, driftPolicy: event.data.policy };
    }
    case 'ReconciliationSuspended':
      return { ...state, suspended: { reason: event.data.reason } };
    case 'ReconciliationResumed': {
      const { suspended: _, ...resumed } = state;
      return resumed;
    }
    case 'DeleteRequested': {
      const operation = { operationId: event.data.operationId, kind: 'delete' as const };
      return { ...facts, status: 'deleting', operation };
    }
    case 'OperationConcluded':
      return concluded(state, facts, event);
    case 'InstanceDeleted':
      return { ...facts, status: 'deleted' };
    default:
      return assertNever(event);
  }
}

function requested({ data }: InstanceRequested): Instance {
  const { operationId, versionId, versionNumber, snapshot, parameters, ...rest } = data;
  return {
    ...rest,
    parameters: parameters ?? {},
    wanted: { versionId, versionNumber, snapshot },
    restarts: new Map(),
    completedInit: new Set(),
    stopped: false,
    scale: new Map(),
    driftPolicy: 'correct',
    corrections: [],
    status: 'deploying',
    operation: { operationId, kind: 'deploy' },
  };
}

function correcting(facts: InstanceFacts, { data }: CorrectionRequested): Instance {
  const { operationId, differences, seenAt } = data;
  const { fought } = facts;
  const inARow = isSame(fought?.differences, differences) && isOnOneDay(facts.corrections.at(-1), seenAt);
  const corrections = [...facts.corrections, seenAt].slice(-MAX_CORRECTIONS);
  const now = { differences, times: 1 + (inARow ? fought!.times : 0) };
  return { ...facts, corrections, fought: now, status: 'correcting', operation: { operationId, kind: 'correct' } };
}

function changingVersion(
  state: KnownInstance,
  { data }: UpgradeRequested | RollbackRequested,
  status: 'upgrading' | 'rolling-back',
  kind: OperationKind,
): Instance {
  const { operationId, versionId, versionNumber, snapshot } = data;
  return {
    ...unfought(factsOf(state)),
    wanted: { versionId, versionNumber, snapshot },
    status,
    operation: { operationId, kind },
    ...((state.status === 'running' || state.status === 'stopped') && { from: state.wanted }),
  };
}

function concluded(
  state: KnownInstance,
  { preempted: earlier = [], ...facts }: InstanceFacts,
  { data }: OperationConcluded,
): Instance {
  const completedInit = new Set([...facts.completedInit, ...data.completedInit]);
  switch (data.outcome) {
    case 'succeeded':
      return data.kind === 'delete'
        ? { ...facts, completedInit, status: 'deleting', operation: { operationId: data.operationId, kind: 'delete' } }
        : { ...facts, completedInit, running: facts.wanted, status: atRest(facts) };
    case 'failed':
      // What ran before a correction runs on; what differs is told its owner.
      return { ...facts, completedInit, status: data.kind === 'correct' ? atRest(facts) : 'degraded' };
    case 'rolled-back': {
      const wanted = data.backTo ?? facts.wanted;
      return { ...facts, completedInit, wanted, running: wanted, status: atRest(facts) };
    }
    case 'pre-empted': {
      const preempted = [...earlier, data.operationId];
      // What follows in the same append takes it from here.
      return data.kind === 'correct'
        ? { ...facts, completedInit, preempted, status: atRest(facts) }
        : { ...state, completedInit, preempted };
    }
    default:
      return assertNever(data.outcome);
  }
}

/** What is asked for, and by nobody else than its owner or an operator. */
const isOwners = ({ type }: InstanceEvent): boolean => type.endsWith('Requested') && type !== 'CorrectionRequested';

const isSame = (one: readonly Difference[] | undefined, other: readonly Difference[]): boolean =>
  JSON.stringify(one) === JSON.stringify(other);

/** What comes back once in a while is nobody's fight. */
const isOnOneDay = (earlier: string | undefined, later: string): boolean => earlier?.slice(0, DATE) === later.slice(0, DATE);

/** Length of the date in a moment of ISO 8601. */
const DATE = 10;

/** Its owner has acted. */
function unfought({ fought: _, ...rest }: InstanceFacts): InstanceFacts {
  return rest;
}

const atRest = ({ stopped }: InstanceFacts): 'running' | 'stopped' => (stopped ? 'stopped' : 'running');

/** The instance without what belongs to one status only. */
export function factsOf(state: KnownInstance): InstanceFacts {
  const { instanceId, name, ownerTenant, providerTenant, appId, configuration, clusterId, parameters, secrets } = state;
  const { origin, released, wanted, running, restarts, completedInit, stopped, scale, driftPolicy, corrections, suspended } =
    state;
  const { preempted, fought } = state;
  return {
    ...{ instanceId, name, ownerTenant, providerTenant, appId, configuration, clusterId, parameters, secrets },
    ...{ origin, released, wanted, restarts, completedInit, stopped, scale, driftPolicy, corrections },
    ...(running && { running }),
    ...(suspended && { suspended }),
    ...(fought && { fought }),
    ...(preempted && { preempted }),
  };
}

/** The operation that runs, if any does. */
export function operationOf(state: Instance): RunningOperation | undefined {
  return 'operation' in state ? state.operation : undefined;
}

/**
 * Whether what was changed by somebody else is to be put right: its owner wants that, and it has not been tried too often. What has come back again and again is
 * left as it is until it is another one, or its owner asks for something.
 * @param countedFrom corrections before that moment (ISO 8601) do not count
 */
export function mayCorrect(state: KnownInstance, countedFrom: string, differences: readonly Difference[]): boolean {
  if (state.status !== 'running' && state.status !== 'stopped') return false;
  if (state.driftPolicy !== 'correct' || state.suspended) return false;
  const { fought } = state;
  if (fought && fought.times >= MAX_CORRECTIONS && isSame(fought.differences, differences)) return false;
  return state.corrections.filter((moment) => moment >= countedFrom).length < MAX_CORRECTIONS;
}
