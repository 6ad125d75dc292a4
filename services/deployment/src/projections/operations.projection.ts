import type { Actor, Projection, RecordedEvent } from '@souk/event-sourcing';
import type { Difference } from '../domain/health/drift';
import type { Failure } from '../domain/operations/failure';
import type { FailureCode } from '../domain/operations/failure-code';
import type { DeployedVersion, InstanceEvent, OperationKind } from '../domain/instances/instance.events';
import type { OperationEvent } from '../domain/operations/operation.events';
import type { EventOfResource, ResourceEvent } from '../domain/cloud/resources.events';

export type OperationStatus =
  'requested' | 'running' | 'stalled' | 'rolling-back' | 'succeeded' | 'failed' | 'rolled-back' | 'pre-empted';

export interface OperationStep {
  readonly at: string;
  readonly type: (OperationEvent | ResourceEvent)['type'];
  readonly node?: string;
  /** Why, or what of. */
  readonly detail?: string;
}

/** A deployment record (F46): who, when, why, steps, outcome. */
export interface OperationDoc {
  readonly operationId: string;
  readonly instanceId: string;
  /** Known from the moment on at which it started. */
  readonly parties: readonly string[];
  readonly kind: OperationKind;
  readonly status: OperationStatus;
  readonly requestedBy: Actor;
  readonly reason?: string;
  readonly requestedAt: string;
  readonly startedAt?: string;
  readonly endedAt?: string;
  readonly waves: readonly (readonly string[])[];
  readonly steps: readonly OperationStep[];
  /** What a correction is about. */
  readonly differences?: readonly Difference[];
  /** Why it failed or turned back, in plain words. */
  readonly failure?: string;
  /** The class of it, and the node that it is about. */
  readonly code?: FailureCode;
  readonly failedNode?: string;
  /** What it leads or has led back to. */
  readonly backTo?: DeployedVersion;
}

type Doc = OperationDoc | undefined;
type Intent = Extract<InstanceEvent, { readonly data: { readonly operationId: string } }>;

export const operationsProjection: Projection<OperationDoc, InstanceEvent | OperationEvent | ResourceEvent> = {
  name: 'operations',
  version: 3,
  streamPrefixes: ['instance-', 'operation-', 'resources-'],
  indexes: { byInstance: ['instanceId', 'requestedAt'] },
  keys: ({ data }) => ('operationId' in data ? [data.operationId] : []),
  on: {
    InstanceDeleted: 'ignored',
    DriftPolicyChosen: 'ignored',
    ReconciliationSuspended: 'ignored',
    ReconciliationResumed: 'ignored',
    InstanceRequested: (_, event) => requested('deploy', event),
    UpgradeRequested: (_, event) => requested('upgrade', event),
    RollbackRequested: (_, event) => requested('rollback', event),
    RestartRequested: (_, event) => requested('restart', event),
    StopRequested: (_, event) => requested('stop', event),
    StartRequested: (_, event) => requested('start', event),
    ScaleRequested: (_, event) => requested('scale', event),
    RetryRequested: (_, event) => requested('retry', event),
    CorrectionRequested: (_, event) => ({ ...requested('correct', event), differences: event.data.differences }),
    DeleteRequested: (_, event) => requested('delete', event),
    // A pre-empted operation may never have started: then this is all that is ever said about it.
    OperationConcluded: (doc, { data, recordedAt }) =>
      doc && data.outcome === 'pre-empted' && doc.status === 'requested'
        ? { ...doc, status: 'pre-empted', endedAt: recordedAt }
        : doc,

    OperationStarted: (doc, event) => {
      const { ownerTenant, providerTenant, waves } = event.data;
      const started = step(doc, event);
      return (
        started && {
          ...started,
          status: 'running',
          startedAt: event.recordedAt,
          waves,
          parties: [...new Set([ownerTenant, providerTenant])],
        }
      );
    },
    CredentialBound: (doc, event) => step(doc, event, { detail: event.data.appKey }),
    CredentialUnbound: (doc, event) => step(doc, event),
    NodeApplied: (doc, event) => step(doc, event, { node: event.data.node }),
    NodeWaiting: (doc, event) => step(doc, event, { node: event.data.node, detail: event.data.reason }),
    NodeBecameReady: (doc, event) =>
      step(doc, event, { node: event.data.node, ...(event.data.unchanged && { detail: 'unchanged' }) }),
    InitNodeCompleted: (doc, event) => step(doc, event, { node: event.data.node }),
    InitNodeFailed: (doc, event) => step(doc, event, { node: event.data.node, detail: event.data.reason }),
    NodeDeleted: (doc, event) => step(doc, event, { node: event.data.node }),
    OperationStalled: (doc, event) => {
      const stalled = step(doc, event, { detail: event.data.reason });
      return stalled && { ...stalled, status: 'stalled' };
    },
    OperationContinued: (doc, event) => {
      const continued = step(doc, event);
      return continued && { ...continued, status: continued.backTo ? 'rolling-back' : 'running' };
    },
    NodeOverridden: (doc, event) => {
      const { actor } = event.metadata;
      return step(doc, event, { node: event.data.node, detail: `${event.data.reason} (${actor.kind} ${actor.id})` });
    },
    InventoryFoundEmpty: (doc, event) => step(doc, event, { detail: `none left of ${event.data.kinds.join(', ')}` }),
    OperationSucceeded: (doc, event) => ended(doc, event, 'succeeded'),
    RollbackStarted: (doc, event) => {
      const turned = step(doc, event, because(event.data));
      return turned && { ...turned, ...failureOf(event.data), status: 'rolling-back', backTo: event.data.to };
    },
    OperationFailed: (doc, event) => {
      const failed = ended(doc, event, 'failed', because(event.data));
      return failed && { ...failed, ...failureOf(event.data) };
    },
    OperationRolledBack: (doc, event) =>
      ended(doc, event, 'rolled-back', { detail: `to version ${event.data.to.versionNumber}` }),
    OperationPreempted: (doc, event) => ended(doc, event, 'pre-empted', { detail: `by ${event.data.by}` }),

    // What is done with the resource of a cloud node; some of it after the end.
    ResourceRequested: (doc, event) => ofNode(doc, event, `${event.data.service} "${event.data.plan}"`),
    ResourcePlaced: (doc, event) => ofNode(doc, event, event.data.provider),
    ResourceProvisioning: (doc, event) => ofNode(doc, event),
    ResourceProvisioned: (doc, event) => ofNode(doc, event),
    ResourceBinding: 'ignored',
    ResourceBound: (doc, event) => ofNode(doc, event, `credentials in version ${event.data.version}`),
    ResourceFailed: (doc, event) => ofNode(doc, event, event.data.reason),
    ResourceChangeRequested: (doc, event) => ofNode(doc, event, `${event.data.service} "${event.data.plan}"`),
    ResourceChanging: 'ignored',
    ResourceChanged: (doc, event) => ofNode(doc, event),
    ResourceChangeFailed: (doc, event) => ofNode(doc, event, event.data.reason),
    ResourceReleased: (doc, event) => ofNode(doc, event),
    ResourceUnbinding: 'ignored',
    ResourceUnbound: (doc, event) => ofNode(doc, event),
    ResourceDeprovisioning: 'ignored',
    ResourceDeprovisioned: (doc, event) => ofNode(doc, event),
    ResourceDelayed: (doc, event) => ofNode(doc, event, event.data.reason),
    ResourcesClosed: 'ignored',
  },
};

function requested(kind: OperationKind, { data, metadata, recordedAt }: RecordedEvent<Intent>): OperationDoc {
  return {
    operationId: data.operationId,
    instanceId: data.instanceId,
    parties: metadata.tenants,
    kind,
    status: 'requested',
    requestedBy: metadata.actor,
    ...(metadata.reason !== undefined && { reason: metadata.reason }),
    requestedAt: recordedAt,
    waves: [],
    steps: [],
  };
}

function because({ reason, node }: Failure): Partial<OperationStep> {
  return { detail: reason, ...(node !== undefined && { node }) };
}

function failureOf({ code, reason, node }: Failure): Partial<OperationDoc> {
  return { failure: reason, code, ...(node !== undefined && { failedNode: node }) };
}

function ofNode(doc: Doc, event: RecordedEvent<EventOfResource>, detail?: string): Doc {
  return step(doc, event, { node: event.data.node, ...(detail !== undefined && { detail }) });
}

function step(
  doc: Doc,
  { type, recordedAt }: RecordedEvent<OperationEvent | ResourceEvent>,
  more: Partial<OperationStep> = {},
): Doc {
  return doc && { ...doc, steps: [...doc.steps, { at: recordedAt, type, ...more }] };
}

function ended(doc: Doc, event: RecordedEvent<OperationEvent>, status: OperationStatus, more: Partial<OperationStep> = {}): Doc {
  const last = step(doc, event, more);
  return last && { ...last, status, endedAt: event.recordedAt };
}
