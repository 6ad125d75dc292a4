import { type Aggregate, assertNever } from '@souk/event-sourcing';
import { evolveInstance, type Instance, type KnownInstance, noInstance, operationOf } from './instance';
import {
  AlreadyAtVersion,
  ConsentRequired,
  InstanceGone,
  InstanceUnknown,
  OperationRunning,
  TrialNotUpgradable,
  VersionNotDeployable,
} from './instance.errors';
import type {
  DeployedVersion,
  InstanceEvent,
  InstanceRequested,
  OperationConcluded,
  OperationOutcome,
  RestartRequested,
  UpgradeRequested,
} from './instance.events';

export type RequestInstance = { readonly type: 'RequestInstance'; readonly data: InstanceRequested['data'] };

export interface RequestUpgrade {
  readonly type: 'RequestUpgrade';
  readonly instanceId: string;
  readonly operationId: string;
  readonly target: DeployedVersion & { readonly status: string };
  /** What the target declares beyond what is granted, in words. */
  readonly additionalPermissions: readonly string[];
  readonly acceptPermissions: boolean;
}

export interface RequestRestart {
  readonly type: 'RequestRestart';
  readonly instanceId: string;
  readonly operationId: string;
  readonly nodes: readonly string[];
}

export interface RequestDelete {
  readonly type: 'RequestDelete';
  readonly instanceId: string;
  readonly operationId: string;
}

/** How an operation ended, as its own stream tells it. */
export interface ConcludeOperation {
  readonly type: 'ConcludeOperation';
  readonly operationId: string;
  readonly outcome: Exclude<OperationOutcome, 'pre-empted'>;
  readonly reason?: string;
  readonly completedInit: readonly string[];
}

export type InstanceCommand = RequestInstance | RequestUpgrade | RequestRestart | RequestDelete | ConcludeOperation;

/** A version that was released and is not withdrawn. */
export const isDeployable = (status: string): boolean => status === 'released' || status === 'deprecated';

const request = ({ data }: RequestInstance, state: Instance): InstanceEvent[] => {
  if (state.status !== 'unknown') return [];
  return [{ type: 'InstanceRequested', data }];
};

const upgrade = (command: RequestUpgrade, state: Instance): UpgradeRequested[] => {
  const instance = idle(command, state);
  const { instanceId, operationId, target, additionalPermissions, acceptPermissions } = command;
  if (!instance.released) throw new TrialNotUpgradable(instanceId);
  if (!isDeployable(target.status)) throw new VersionNotDeployable(target.versionId, target.status);
  // After a failed operation, "upgrade to the same version" is how one tries again.
  if (instance.status === 'running' && instance.wanted.versionId === target.versionId)
    throw new AlreadyAtVersion(instanceId, target.versionNumber);
  if (additionalPermissions.length > 0 && !acceptPermissions)
    throw new ConsentRequired(target.versionNumber, additionalPermissions);
  const { versionId, versionNumber, snapshot } = target;
  const data = { instanceId, operationId, versionId, versionNumber, snapshot, acceptedPermissions: additionalPermissions };
  return [{ type: 'UpgradeRequested', data }];
};

const restart = (command: RequestRestart, state: Instance): RestartRequested[] => {
  idle(command, state);
  const { instanceId, operationId, nodes } = command;
  return [{ type: 'RestartRequested', data: { instanceId, operationId, nodes } }];
};

const remove = ({ instanceId, operationId }: RequestDelete, state: Instance): InstanceEvent[] => {
  if (state.status === 'unknown' || state.status === 'deleted' || state.status === 'deleting') return [];
  const running = operationOf(state);
  return [
    ...(running ? [conclusion(state, running.operationId, 'pre-empted', `the instance is to be deleted`, [])] : []),
    { type: 'DeleteRequested', data: { instanceId, operationId } },
  ];
};

const conclude = (command: ConcludeOperation, state: Instance): InstanceEvent[] => {
  if (state.status === 'unknown') return [];
  const running = operationOf(state);
  // Somebody pre-empted it in the meantime: what it did is history, not news.
  if (running?.operationId !== command.operationId) return [];
  const ended = conclusion(state, command.operationId, command.outcome, command.reason, command.completedInit);
  if (running.kind !== 'delete') return [ended];
  const { instanceId, ownerTenant, providerTenant } = state;
  return [ended, { type: 'InstanceDeleted', data: { instanceId, ownerTenant, providerTenant } }];
};

export const instance: Aggregate<Instance, InstanceCommand, InstanceEvent> = {
  category: 'instance',
  initial: noInstance,
  eventTypes: {
    InstanceRequested: { personal: { fields: ['parameters'], tenant: (data) => data.ownerTenant } },
    UpgradeRequested: {},
    RestartRequested: {},
    DeleteRequested: {},
    OperationConcluded: {},
    InstanceDeleted: {},
  },
  tenants: (state) => (state.status === 'unknown' ? [] : [...new Set([state.ownerTenant, state.providerTenant])]),
  evolve: evolveInstance,
  decide(command, state) {
    switch (command.type) {
      case 'RequestInstance':
        return request(command, state);
      case 'RequestUpgrade':
        return upgrade(command, state);
      case 'RequestRestart':
        return restart(command, state);
      case 'RequestDelete':
        return remove(command, state);
      case 'ConcludeOperation':
        return conclude(command, state);
      default:
        return assertNever(command);
    }
  },
};

/** The instance, if it does nothing at the moment. */
function idle({ instanceId }: { readonly instanceId: string }, state: Instance) {
  if (state.status === 'unknown') throw new InstanceUnknown(instanceId);
  if (state.status === 'deleted') throw new InstanceGone(instanceId);
  if ('operation' in state) throw new OperationRunning(instanceId, state.operation);
  return state;
}

function conclusion(
  state: KnownInstance,
  operationId: string,
  outcome: OperationOutcome,
  reason: string | undefined,
  completedInit: readonly string[],
): OperationConcluded {
  const { instanceId, ownerTenant, providerTenant } = state;
  const kind = operationOf(state)!.kind;
  const { versionId } = state.wanted;
  const data = { instanceId, operationId, kind, outcome, completedInit, ownerTenant, providerTenant, versionId };
  return { type: 'OperationConcluded', data: { ...data, ...(reason !== undefined && { reason }) } };
}
