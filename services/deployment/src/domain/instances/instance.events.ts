import type { DomainEvent } from '@souk/event-sourcing';
import type { Difference } from '../health/drift';
import type { FailureCode } from '../operations/failure-code';

/** Why there is this instance: somebody paid, or its provider tries a version. */
export type InstanceOrigin = { readonly kind: 'purchase'; readonly purchaseId: string } | { readonly kind: 'trial' };

export type OperationKind =
  'deploy' | 'upgrade' | 'rollback' | 'restart' | 'stop' | 'start' | 'scale' | 'correct' | 'retry' | 'delete';

/** What becomes of an object that somebody else has changed: it is put right, or its owner is told. */
export type DriftPolicy = 'correct' | 'report';

/** What runs: a version, and the digest of the snapshot that says it all. */
export interface DeployedVersion {
  readonly versionId: string;
  readonly versionNumber: string;
  readonly snapshot: string;
}

export interface Placement {
  readonly region: string;
  readonly reason: string;
}

export type InstanceRequested = DomainEvent<
  'InstanceRequested',
  DeployedVersion & {
    readonly instanceId: string;
    readonly name: string;
    readonly ownerTenant: string;
    readonly providerTenant: string;
    readonly appId: string;
    /** False for a trial of a draft, which can't be upgraded. */
    readonly released: boolean;
    readonly configuration: string;
    readonly clusterId: string;
    /** Of one that is hosted in the cloud: which region was asked for, and why it is on this cluster. */
    readonly placement?: Placement;
    /** Personal: what the buyer filled in. Null once the owner's key was destroyed. */
    readonly parameters: Readonly<Record<string, string>> | null;
    /** Declared names of the supplied secrets; their values lie in the vault. */
    readonly secrets: readonly string[];
    readonly origin: InstanceOrigin;
    readonly operationId: string;
  }
>;

type ChangeOfVersion = DeployedVersion & {
  readonly instanceId: string;
  readonly operationId: string;
  /** The owner agreed to these permissions beyond those granted so far. */
  readonly acceptedPermissions: readonly string[];
};

export type UpgradeRequested = DomainEvent<'UpgradeRequested', ChangeOfVersion>;
/** To an earlier version. */
export type RollbackRequested = DomainEvent<'RollbackRequested', ChangeOfVersion>;

export type RestartRequested = DomainEvent<
  'RestartRequested',
  { readonly instanceId: string; readonly operationId: string; readonly nodes: readonly string[] }
>;

/** Nothing of it is to run; what it keeps stays. */
export type StopRequested = DomainEvent<'StopRequested', { readonly instanceId: string; readonly operationId: string }>;
export type StartRequested = DomainEvent<'StartRequested', { readonly instanceId: string; readonly operationId: string }>;

export type ScaleRequested = DomainEvent<
  'ScaleRequested',
  {
    readonly instanceId: string;
    readonly operationId: string;
    /** Replicas by node, in place of what the topology says. */
    readonly nodes: Readonly<Record<string, number>>;
  }
>;

/** What has failed is tried once more, init nodes too. */
export type RetryRequested = DomainEvent<
  'RetryRequested',
  { readonly instanceId: string; readonly operationId: string; readonly failedOperation: string }
>;

/** What stands on the cluster is not what was applied: it is to be that again. */
export type CorrectionRequested = DomainEvent<
  'CorrectionRequested',
  {
    readonly instanceId: string;
    readonly operationId: string;
    readonly differences: readonly Difference[];
    /** When they were seen, ISO 8601. */
    readonly seenAt: string;
  }
>;

export type DriftPolicyChosen = DomainEvent<'DriftPolicyChosen', { readonly instanceId: string; readonly policy: DriftPolicy }>;

/** Until further notice nothing is done to it but a delete. */
export type ReconciliationSuspended = DomainEvent<
  'ReconciliationSuspended',
  { readonly instanceId: string; readonly reason: string }
>;
export type ReconciliationResumed = DomainEvent<
  'ReconciliationResumed',
  { readonly instanceId: string; readonly reason: string }
>;

export type DeleteRequested = DomainEvent<'DeleteRequested', { readonly instanceId: string; readonly operationId: string }>;

/** `rolled-back`: it could not be done, and what ran before runs again. */
export type OperationOutcome = 'succeeded' | 'failed' | 'rolled-back' | 'pre-empted';

export type OperationConcluded = DomainEvent<
  'OperationConcluded',
  {
    readonly instanceId: string;
    readonly operationId: string;
    readonly kind: OperationKind;
    readonly outcome: OperationOutcome;
    readonly reason?: string;
    /** The class of the failure, where there was one. */
    readonly code?: FailureCode;
    readonly node?: string;
    /** What runs again after a rollback. */
    readonly backTo?: DeployedVersion;
    /** Init nodes that completed in this operation: they never run again. */
    readonly completedInit: readonly string[];
    readonly ownerTenant: string;
    readonly providerTenant: string;
    /** The version that was wanted; after a rollback the one that runs again. */
    readonly versionId: string;
  }
>;

export type InstanceDeleted = DomainEvent<
  'InstanceDeleted',
  { readonly instanceId: string; readonly ownerTenant: string; readonly providerTenant: string }
>;

export type InstanceEvent =
  | InstanceRequested
  | UpgradeRequested
  | RollbackRequested
  | RestartRequested
  | StopRequested
  | StartRequested
  | ScaleRequested
  | RetryRequested
  | CorrectionRequested
  | DriftPolicyChosen
  | ReconciliationSuspended
  | ReconciliationResumed
  | DeleteRequested
  | OperationConcluded
  | InstanceDeleted;
