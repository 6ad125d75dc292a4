import type { Grants } from '@souk/contracts';
import type { DomainEvent } from '@souk/event-sourcing';
import { type FailureCode, failureCodeOf } from './failure-code';
import type { DeployedVersion, OperationKind } from '../instances/instance.events';

/** Every event of an operation names it and its instance. */
export interface OfOperation {
  readonly operationId: string;
  readonly instanceId: string;
}

export type OperationStarted = DomainEvent<
  'OperationStarted',
  OfOperation & {
    readonly ownerTenant: string;
    readonly providerTenant: string;
    readonly clusterId: string;
    readonly kind: OperationKind;
    readonly snapshot: string;
    /** What ran before, for an upgrade or a rollback. */
    readonly fromSnapshot?: string;
    /** Deploy order: every node comes after all the nodes that it waits for. */
    readonly waves: readonly (readonly string[])[];
    /** Nodes of the version before that this one does not have. */
    readonly removes?: readonly string[];
    /** Where a failure leads back to; absent where nothing ran well before. */
    readonly fallback?: Fallback;
  }
>;

/** A version that ran well, as it was when an operation began to lead away from it. */
export interface Fallback extends DeployedVersion {
  /** Deploy order. */
  readonly waves: readonly (readonly string[])[];
  /** What the instance's identity was granted. */
  readonly grants: Grants;
}

/** The identity that the instance runs with, with exactly the permissions that its version declares. */
export type CredentialBound = DomainEvent<
  'CredentialBound',
  OfOperation & { readonly appKey: string; readonly secretVersion: number }
>;
export type CredentialUnbound = DomainEvent<'CredentialUnbound', OfOperation>;

/** The cluster took the node's objects. */
export type NodeApplied = DomainEvent<
  'NodeApplied',
  OfOperation & {
    readonly node: string;
    readonly specHash: string;
    /** When it must be ready, ISO 8601. */
    readonly deadline: string;
  }
>;

/** Why a node is not ready. Recorded once for each class of reason, not for each pod or retry. */
export type NodeWaiting = DomainEvent<
  'NodeWaiting',
  OfOperation & {
    readonly node: string;
    readonly code: WaitCode;
    readonly reason: string;
    readonly deadline: string;
    /** When it is given up if it is still that, ahead of the deadline. */
    readonly giveUpAt?: string;
  }
>;

export type NodeBecameReady = DomainEvent<
  'NodeBecameReady',
  OfOperation & {
    readonly node: string;
    /** It was as it should be: this operation did not touch it. */
    readonly unchanged?: true;
    readonly address?: NodeAddress;
  }
>;

export type InitNodeCompleted = DomainEvent<'InitNodeCompleted', OfOperation & { readonly node: string }>;
export type InitNodeFailed = DomainEvent<'InitNodeFailed', OfOperation & { readonly node: string; readonly reason: string }>;
export type NodeDeleted = DomainEvent<'NodeDeleted', OfOperation & { readonly node: string }>;

/** The whole operation can't go on for now; deadlines stand still. */
export type OperationStalled = DomainEvent<
  'OperationStalled',
  OfOperation & { readonly code: StallCode; readonly reason: string }
>;
/** It goes on; nodes that are not ready get their full time again. */
export type OperationContinued = DomainEvent<'OperationContinued', OfOperation>;

/** An operator has looked: for this operation the node is taken for ready, or for completed. */
export type NodeOverridden = DomainEvent<'NodeOverridden', OfOperation & { readonly node: string; readonly reason: string }>;

/** The proof of a delete: of none of these kinds the cluster has an object with the label of the instance. */
export type InventoryFoundEmpty = DomainEvent<'InventoryFoundEmpty', OfOperation & { readonly kinds: readonly string[] }>;

export type OperationSucceeded = DomainEvent<'OperationSucceeded', OfOperation>;

interface OfFailure {
  /** The class of it, for those who count or filter. */
  readonly code: FailureCode;
  /** A sentence for people. */
  readonly reason: string;
  readonly node?: string;
}

/** It can't be done; from here on the operation leads back to what ran well before. */
export type RollbackStarted = DomainEvent<
  'RollbackStarted',
  OfOperation & OfFailure & { readonly to: DeployedVersion; readonly waves: Fallback['waves'] }
>;
/** What ran well before runs again. Told with what had led to it. */
export type OperationRolledBack = DomainEvent<'OperationRolledBack', OfOperation & OfFailure & { readonly to: DeployedVersion }>;

/** Since version 2 it has a code. */
export type OperationFailed = DomainEvent<'OperationFailed', OfOperation & OfFailure>;

type OperationFailedV1 = OfOperation & Omit<OfFailure, 'code'>;

/** The sentences of version 1 follow patterns: what they are of can be told from nearly all. */
export const operationFailedUpcasters = [
  (data: OperationFailedV1): OperationFailed['data'] => ({ ...data, code: failureCodeOf(data.reason) }),
];

/** The owner wants the instance deleted, whatever this was about to do. */
export type OperationPreempted = DomainEvent<'OperationPreempted', OfOperation & { readonly by: string }>;

/** Everything that may happen in an operation once it has started. */
export type OperationFact =
  | CredentialBound
  | CredentialUnbound
  | NodeApplied
  | NodeWaiting
  | NodeBecameReady
  | InitNodeCompleted
  | InitNodeFailed
  | NodeDeleted
  | OperationStalled
  | OperationContinued
  | NodeOverridden
  | InventoryFoundEmpty
  | RollbackStarted
  | OperationSucceeded
  | OperationFailed
  | OperationRolledBack
  | OperationPreempted;

export type OperationEvent = OperationStarted | OperationFact;

export type WaitCode =
  | 'starting'
  | 'not-ready'
  | 'does-not-fit'
  | 'image-not-pulled'
  | 'crash-loop'
  | 'cannot-start'
  | 'quota-exceeded'
  | 'being-provided'
  /** A cloud node, as long as the resource that it had before is there. */
  | 'being-removed';

export type StallCode = 'cluster-unreachable' | 'cluster-refuses' | 'suspended';

/** Where other nodes, and people on the local network, reach the node. */
export interface NodeAddress {
  readonly host: string;
  /** Of its own, on the local network. */
  readonly external?: string;
  /** Addresses of the hosts that it runs on, where it is reached by those: by node port, or in the network of the host. */
  readonly hosts?: readonly string[];
  readonly ports: readonly { readonly port: number; readonly protocol: string; readonly nodePort?: number }[];
}
