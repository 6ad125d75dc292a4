import { isEarlierVersion } from '@souk/contracts';
import { type Aggregate, assertNever } from '@souk/event-sourcing';
import type { Difference } from '../health/drift';
import type { Failure } from '../operations/failure';
import {
  evolveInstance,
  type Instance,
  type KnownInstance,
  mayCorrect,
  noInstance,
  operationOf,
  type RunningOperation,
} from './instance';
import {
  AlreadyAtVersion,
  AlreadyRunning,
  AlreadyStopped,
  ConsentRequired,
  InstanceGone,
  InstanceUnknown,
  InstanceSuspended,
  NotAnEarlierVersion,
  NothingToRetry,
  OperationRunning,
  TrialNotUpgradable,
  VersionNotDeployable,
} from './instance.errors';
import { OperationEnded } from '../operations/operation.errors';
import type {
  CorrectionRequested,
  DeployedVersion,
  DriftPolicy,
  DriftPolicyChosen,
  InstanceEvent,
  InstanceRequested,
  OperationConcluded,
  OperationOutcome,
  ReconciliationResumed,
  ReconciliationSuspended,
  RestartRequested,
  RetryRequested,
  RollbackRequested,
  ScaleRequested,
  StartRequested,
  StopRequested,
  UpgradeRequested,
} from './instance.events';

export type RequestInstance = { readonly type: 'RequestInstance'; readonly data: InstanceRequested['data'] };

interface ChangeOfVersion {
  readonly instanceId: string;
  readonly operationId: string;
  readonly target: DeployedVersion & { readonly status: string };
  /** What the target declares beyond what is granted, in words. */
  readonly additionalPermissions: readonly string[];
  readonly acceptPermissions: boolean;
}

export interface RequestUpgrade extends ChangeOfVersion {
  readonly type: 'RequestUpgrade';
}

/** Back to an earlier version. */
export interface RequestRollback extends ChangeOfVersion {
  readonly type: 'RequestRollback';
}

export interface RequestRestart {
  readonly type: 'RequestRestart';
  readonly instanceId: string;
  readonly operationId: string;
  readonly nodes: readonly string[];
}

interface OfInstance {
  readonly instanceId: string;
  readonly operationId: string;
}

export interface RequestStop extends OfInstance {
  readonly type: 'RequestStop';
}

export interface RequestStart extends OfInstance {
  readonly type: 'RequestStart';
}

export interface RequestScale extends OfInstance {
  readonly type: 'RequestScale';
  readonly nodes: Readonly<Record<string, number>>;
}

/** Once more what this operation has failed at. */
export interface RequestRetry extends OfInstance {
  readonly type: 'RequestRetry';
  readonly failedOperation: string;
  /** The last operation, as far as is known. */
  readonly lastOperation: string;
}

export interface RequestCorrection extends OfInstance {
  readonly type: 'RequestCorrection';
  readonly differences: readonly Difference[];
  readonly now: string;
  /** Earlier corrections do not count against this one. */
  readonly countedFrom: string;
}

export interface ChooseDriftPolicy {
  readonly type: 'ChooseDriftPolicy';
  readonly instanceId: string;
  readonly policy: DriftPolicy;
}

export interface SuspendReconciliation {
  readonly type: 'SuspendReconciliation';
  readonly instanceId: string;
  readonly reason: string;
}

export interface ResumeReconciliation {
  readonly type: 'ResumeReconciliation';
  readonly instanceId: string;
  /** The one that is to go on, where one is named. */
  readonly operationId?: string;
  readonly reason: string;
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
  /** What went wrong, where something did. */
  readonly failure?: Failure;
  readonly completedInit: readonly string[];
}

export type InstanceCommand =
  | RequestInstance
  | RequestUpgrade
  | RequestRollback
  | RequestRestart
  | RequestStop
  | RequestStart
  | RequestScale
  | RequestRetry
  | RequestCorrection
  | ChooseDriftPolicy
  | SuspendReconciliation
  | ResumeReconciliation
  | RequestDelete
  | ConcludeOperation;

/** A version that was released and is not withdrawn. */
export const isDeployable = (status: string): boolean => status === 'released' || status === 'deprecated';

const request = ({ data }: RequestInstance, state: Instance): InstanceEvent[] => {
  if (state.status !== 'unknown') return [];
  return [{ type: 'InstanceRequested', data }];
};

const upgrade = (command: RequestUpgrade, state: Instance): UpgradeRequested[] => {
  changeable(command, state);
  return [{ type: 'UpgradeRequested', data: consented(command) }];
};

const rollBack = (command: RequestRollback, state: Instance): RollbackRequested[] => {
  const { wanted } = changeable(command, state);
  const { versionNumber } = command.target;
  if (!isEarlierVersion(versionNumber, wanted.versionNumber)) throw new NotAnEarlierVersion(versionNumber, wanted.versionNumber);
  return [{ type: 'RollbackRequested', data: consented(command) }];
};

const restart = (command: RequestRestart, state: Instance): RestartRequested[] => {
  idle(command, state);
  const { instanceId, operationId, nodes } = command;
  return [{ type: 'RestartRequested', data: { instanceId, operationId, nodes } }];
};

const stop = (command: RequestStop, state: Instance): StopRequested[] => {
  const { instanceId, operationId } = command;
  // One that did not stop is degraded: asking again is how its owner tries again.
  if (idle(command, state).status === 'stopped') throw new AlreadyStopped(instanceId);
  return [{ type: 'StopRequested', data: { instanceId, operationId } }];
};

const start = (command: RequestStart, state: Instance): StartRequested[] => {
  const { instanceId, operationId } = command;
  if (idle(command, state).status === 'running') throw new AlreadyRunning(instanceId);
  return [{ type: 'StartRequested', data: { instanceId, operationId } }];
};

const scale = (command: RequestScale, state: Instance): ScaleRequested[] => {
  idle(command, state);
  const { instanceId, operationId, nodes } = command;
  return [{ type: 'ScaleRequested', data: { instanceId, operationId, nodes } }];
};

const retry = (command: RequestRetry, state: Instance): RetryRequested[] => {
  const { instanceId, operationId, failedOperation, lastOperation } = command;
  if (idle(command, state).status !== 'degraded' || lastOperation !== failedOperation) throw new NothingToRetry(instanceId);
  return [{ type: 'RetryRequested', data: { instanceId, operationId, failedOperation } }];
};

const correct = (command: RequestCorrection, state: Instance): CorrectionRequested[] => {
  const { instanceId, operationId, differences, now, countedFrom } = command;
  if (state.status === 'unknown' || !mayCorrect(state, countedFrom, differences)) return [];
  return [{ type: 'CorrectionRequested', data: { instanceId, operationId, differences, seenAt: now } }];
};

const choosePolicy = ({ instanceId, policy }: ChooseDriftPolicy, state: Instance): DriftPolicyChosen[] => {
  if (existing(instanceId, state).driftPolicy === policy) return [];
  return [{ type: 'DriftPolicyChosen', data: { instanceId, policy } }];
};

const suspend = ({ instanceId, reason }: SuspendReconciliation, state: Instance): ReconciliationSuspended[] => {
  if (existing(instanceId, state).suspended) return [];
  return [{ type: 'ReconciliationSuspended', data: { instanceId, reason } }];
};

const resume = ({ instanceId, operationId, reason }: ResumeReconciliation, state: Instance): ReconciliationResumed[] => {
  if (operationId !== undefined && operationOf(state)?.operationId !== operationId)
    throw new OperationEnded(operationId, 'nothing is to be resumed');
  if (!existing(instanceId, state).suspended) return [];
  return [{ type: 'ReconciliationResumed', data: { instanceId, reason } }];
};

const remove = ({ instanceId, operationId }: RequestDelete, state: Instance): InstanceEvent[] => {
  if (state.status === 'unknown' || state.status === 'deleted' || state.status === 'deleting') return [];
  const running = operationOf(state);
  return [
    ...(running ? [preempted(state, running, 'the instance is to be deleted')] : []),
    { type: 'DeleteRequested', data: { instanceId, operationId } },
  ];
};

const conclude = (command: ConcludeOperation, state: Instance): InstanceEvent[] => {
  if (state.status === 'unknown') return [];
  const running = operationOf(state);
  // Somebody pre-empted it in the meantime: what it did is history, not news.
  if (running?.operationId !== command.operationId) return [];
  const ended = conclusion(state, command);
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
    RollbackRequested: {},
    RestartRequested: {},
    StopRequested: {},
    StartRequested: {},
    ScaleRequested: {},
    RetryRequested: {},
    CorrectionRequested: {},
    DriftPolicyChosen: {},
    ReconciliationSuspended: {},
    ReconciliationResumed: {},
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
        return givingWay(state, (resting) => upgrade(command, resting));
      case 'RequestRollback':
        return givingWay(state, (resting) => rollBack(command, resting));
      case 'RequestRestart':
        return givingWay(state, (resting) => restart(command, resting));
      case 'RequestStop':
        return givingWay(state, (resting) => stop(command, resting));
      case 'RequestStart':
        return givingWay(state, (resting) => start(command, resting));
      case 'RequestScale':
        return givingWay(state, (resting) => scale(command, resting));
      case 'RequestRetry':
        return retry(command, state);
      case 'RequestCorrection':
        return correct(command, state);
      case 'ChooseDriftPolicy':
        return choosePolicy(command, state);
      case 'SuspendReconciliation':
        return suspend(command, state);
      case 'ResumeReconciliation':
        return resume(command, state);
      case 'RequestDelete':
        return remove(command, state);
      case 'ConcludeOperation':
        return conclude(command, state);
      default:
        return assertNever(command);
    }
  },
};

/** A correction, which nobody has asked for, gives way to what somebody asks for: that puts right what it meets as well. */
function givingWay(state: Instance, decide: (resting: Instance) => InstanceEvent[]): InstanceEvent[] {
  if (state.status !== 'correcting') return decide(state);
  const cutShort = preempted(state, state.operation, 'something else was asked for');
  const events = decide(evolveInstance(state, cutShort));
  return events.length === 0 ? [] : [cutShort, ...events];
}

/** The instance, if it is there. */
function existing(instanceId: string, state: Instance) {
  if (state.status === 'unknown') throw new InstanceUnknown(instanceId);
  if (state.status === 'deleted') throw new InstanceGone(instanceId);
  return state;
}

/** The instance, if it does nothing at the moment, and may do something. */
function idle({ instanceId }: { readonly instanceId: string }, state: Instance) {
  const instance = existing(instanceId, state);
  if ('operation' in instance) throw new OperationRunning(instanceId, instance.operation);
  if (instance.suspended) throw new InstanceSuspended(instanceId, instance.suspended.reason);
  return instance;
}

/** The instance, if its version can be changed to that one. */
function changeable(command: ChangeOfVersion, state: Instance) {
  const instance = idle(command, state);
  const { instanceId, target } = command;
  if (!instance.released) throw new TrialNotUpgradable(instanceId);
  if (!isDeployable(target.status)) throw new VersionNotDeployable(target.versionId, target.status);
  // After a failed operation, "upgrade to the same version" is how one tries again.
  if (instance.status !== 'degraded' && instance.wanted.versionId === target.versionId)
    throw new AlreadyAtVersion(instanceId, target.versionNumber);
  return instance;
}

/** What was asked for, with the owner's consent to all that it asks for in turn. */
function consented({ instanceId, operationId, target, additionalPermissions, acceptPermissions }: ChangeOfVersion) {
  const { versionId, versionNumber, snapshot } = target;
  if (additionalPermissions.length > 0 && !acceptPermissions) throw new ConsentRequired(versionNumber, additionalPermissions);
  return { instanceId, operationId, versionId, versionNumber, snapshot, acceptedPermissions: additionalPermissions };
}

function conclusion(state: KnownInstance, command: ConcludeOperation): OperationConcluded {
  const { operationId, outcome, failure, completedInit } = command;
  const { instanceId, ownerTenant, providerTenant, wanted } = state;
  const backTo = outcome === 'rolled-back' && 'from' in state ? state.from : undefined;
  const { versionId } = backTo ?? wanted;
  const data = { instanceId, operationId, kind: operationOf(state)!.kind, outcome, completedInit, ownerTenant, providerTenant };
  return { type: 'OperationConcluded', data: { ...data, versionId, ...failure, ...(backTo && { backTo }) } };
}

function preempted(state: KnownInstance, { operationId, kind }: RunningOperation, reason: string): OperationConcluded {
  const { instanceId, ownerTenant, providerTenant } = state;
  const { versionId } = state.wanted;
  const data = { instanceId, operationId, kind, completedInit: [], ownerTenant, providerTenant, versionId };
  return { type: 'OperationConcluded', data: { ...data, outcome: 'pre-empted', reason } };
}
