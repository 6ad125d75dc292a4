import { assertNever } from '@souk/event-sourcing';
import type {
  DeployedVersion,
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
}

export type Instance =
  | { readonly status: 'unknown' }
  | (InstanceFacts & { readonly status: 'deploying' | 'restarting'; readonly operation: RunningOperation })
  | (InstanceFacts & {
      readonly status: 'upgrading' | 'rolling-back';
      readonly operation: RunningOperation;
      /** What ran well when this was asked for: where a failure leads back to. A degraded instance has none. */
      readonly from?: DeployedVersion;
    })
  | (InstanceFacts & {
      readonly status: 'deleting';
      readonly operation: RunningOperation;
      /** The operation that the delete cut short. */
      readonly preempted?: string;
    })
  | (InstanceFacts & { readonly status: 'running' | 'degraded' })
  | (InstanceFacts & { readonly status: 'deleted' });

export type KnownInstance = Exclude<Instance, { status: 'unknown' }>;

export const noInstance: Instance = { status: 'unknown' };

export function evolveInstance(state: Instance, event: InstanceEvent): Instance {
  if (event.type === 'InstanceRequested') return requested(event);
  if (state.status === 'unknown') return state;
  const facts = factsOf(state);
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
    case 'DeleteRequested': {
      const preempted = state.status === 'running' || state.status === 'degraded' ? undefined : lastPreempted(state);
      const operation = { operationId: event.data.operationId, kind: 'delete' as const };
      return { ...facts, status: 'deleting', operation, ...(preempted !== undefined && { preempted }) };
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
    status: 'deploying',
    operation: { operationId, kind: 'deploy' },
  };
}

function changingVersion(
  state: KnownInstance,
  { data }: UpgradeRequested | RollbackRequested,
  status: 'upgrading' | 'rolling-back',
  kind: OperationKind,
): Instance {
  const { operationId, versionId, versionNumber, snapshot } = data;
  return {
    ...factsOf(state),
    wanted: { versionId, versionNumber, snapshot },
    status,
    operation: { operationId, kind },
    ...(state.status === 'running' && { from: state.wanted }),
  };
}

function concluded(state: KnownInstance, facts: InstanceFacts, { data }: OperationConcluded): Instance {
  const completedInit = new Set([...facts.completedInit, ...data.completedInit]);
  switch (data.outcome) {
    case 'succeeded':
      return data.kind === 'delete'
        ? { ...facts, completedInit, status: 'deleting', operation: { operationId: data.operationId, kind: 'delete' } }
        : { ...facts, completedInit, running: facts.wanted, status: 'running' };
    case 'failed':
      return { ...facts, completedInit, status: 'degraded' };
    case 'rolled-back': {
      const wanted = data.backTo ?? facts.wanted;
      return { ...facts, completedInit, wanted, running: wanted, status: 'running' };
    }
    case 'pre-empted':
      // The delete that follows in the same append takes it from here.
      return { ...state, completedInit };
    default:
      return assertNever(data.outcome);
  }
}

function lastPreempted(state: KnownInstance): string | undefined {
  return 'operation' in state ? state.operation.operationId : undefined;
}

/** The instance without what belongs to one status only. */
export function factsOf(state: KnownInstance): InstanceFacts {
  const { instanceId, name, ownerTenant, providerTenant, appId, configuration, clusterId, parameters, secrets } = state;
  const { origin, released, wanted, running, restarts, completedInit } = state;
  return {
    ...{ instanceId, name, ownerTenant, providerTenant, appId, configuration, clusterId, parameters, secrets },
    ...{ origin, released, wanted, restarts, completedInit },
    ...(running && { running }),
  };
}

/** The operation that runs, if any does. */
export function operationOf(state: Instance): RunningOperation | undefined {
  return 'operation' in state ? state.operation : undefined;
}
