import type { DomainEvent } from '@souk/event-sourcing';

/** Why there is this instance: somebody paid, or its provider tries a version. */
export type InstanceOrigin = { readonly kind: 'purchase'; readonly purchaseId: string } | { readonly kind: 'trial' };

export type OperationKind = 'deploy' | 'upgrade' | 'restart' | 'delete';

/** What runs: a version, and the digest of the snapshot that says it all. */
export interface DeployedVersion {
  readonly versionId: string;
  readonly versionNumber: string;
  readonly snapshot: string;
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
    /** Personal: what the buyer filled in. Null once the owner's key was destroyed. */
    readonly parameters: Readonly<Record<string, string>> | null;
    /** Declared names of the supplied secrets; their values lie in the vault. */
    readonly secrets: readonly string[];
    readonly origin: InstanceOrigin;
    readonly operationId: string;
  }
>;

export type UpgradeRequested = DomainEvent<
  'UpgradeRequested',
  DeployedVersion & {
    readonly instanceId: string;
    readonly operationId: string;
    /** The owner agreed to these permissions beyond those granted so far. */
    readonly acceptedPermissions: readonly string[];
  }
>;

export type RestartRequested = DomainEvent<
  'RestartRequested',
  { readonly instanceId: string; readonly operationId: string; readonly nodes: readonly string[] }
>;

export type DeleteRequested = DomainEvent<'DeleteRequested', { readonly instanceId: string; readonly operationId: string }>;

export type OperationOutcome = 'succeeded' | 'failed' | 'pre-empted';

export type OperationConcluded = DomainEvent<
  'OperationConcluded',
  {
    readonly instanceId: string;
    readonly operationId: string;
    readonly kind: OperationKind;
    readonly outcome: OperationOutcome;
    readonly reason?: string;
    /** Init nodes that completed in this operation: they never run again. */
    readonly completedInit: readonly string[];
    readonly ownerTenant: string;
    readonly providerTenant: string;
    readonly versionId: string;
  }
>;

export type InstanceDeleted = DomainEvent<
  'InstanceDeleted',
  { readonly instanceId: string; readonly ownerTenant: string; readonly providerTenant: string }
>;

export type InstanceEvent =
  InstanceRequested | UpgradeRequested | RestartRequested | DeleteRequested | OperationConcluded | InstanceDeleted;
