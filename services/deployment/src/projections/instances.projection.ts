import { assertNever, type Projection, type RecordedEvent } from '@souk/event-sourcing';
import type { InstanceStatus } from '@souk/contracts';
import type { Difference } from '../domain/health/drift';
import type { FailureCode } from '../domain/operations/failure-code';
import type { HealthState } from '../domain/health/health';
import type { HealthEvent, UnreadyNode } from '../domain/health/health.events';
import type {
  DriftPolicy,
  InstanceEvent,
  InstanceOrigin,
  OperationConcluded,
  OperationKind,
  Placement,
  RollbackRequested,
  UpgradeRequested,
} from '../domain/instances/instance.events';
import type { NodeAddress, OperationEvent } from '../domain/operations/operation.events';
import type { EventOfResource, ResourceEvent } from '../domain/cloud/resources.events';

export type NodeState = 'pending' | 'applied' | 'waiting' | 'ready' | 'completed' | 'overridden' | 'failed';

export interface NodeDoc {
  readonly serviceName: string;
  readonly state: NodeState;
  /** Why it waits or failed. */
  readonly reason?: string;
  /** Of a cloud node: what it is, and how far it is. */
  readonly cloud?: CloudNodeDoc;
  /** Where it is reached: inside the instance by host and port, from the local network by any host's address and the node port. */
  readonly addresses?: readonly NodePlace[];
}

export interface CloudNodeDoc {
  readonly service: string;
  readonly plan: string;
  readonly state: CloudNodeState;
}

export type CloudNodeState = 'requested' | 'provisioning' | 'provisioned' | 'bound' | 'changing' | 'leaving' | 'failed';

export interface NodePlace {
  readonly host: string;
  readonly port: number;
  readonly protocol: string;
  readonly nodePort?: number;
  /** Of its own, from the range of the cluster; reached by the port. */
  readonly address?: string;
  /** Of hosts that it runs on; reached by the node port, or in the network of the host by the port. */
  readonly hosts?: readonly string[];
}

export interface LastFailure {
  readonly operationId: string;
  readonly kind: OperationKind;
  readonly outcome: 'failed' | 'rolled-back';
  /** The version that it was to lead to. */
  readonly versionNumber: string;
  readonly code: FailureCode;
  readonly node?: string;
  /** In plain words. */
  readonly reason: string;
  readonly at: string;
}

/** How it runs, while nothing is done to it. */
export interface HealthDoc {
  readonly state: HealthState;
  /** When that was seen. */
  readonly since: string;
  /** Nodes that are not ready, and why. */
  readonly nodes: readonly UnreadyNode[];
}

/** An instance as its parties see it. What the buyer filled in is not here. */
export interface InstanceDoc {
  readonly instanceId: string;
  readonly name: string;
  readonly ownerTenant: string;
  readonly providerTenant: string;
  /** Whose lists it is in: of both parties, each once, and of {@link OPERATORS}. */
  readonly viewers: readonly string[];
  readonly appId: string;
  readonly versionId: string;
  readonly versionNumber: string;
  readonly snapshot: string;
  readonly configuration: string;
  readonly clusterId: string;
  /** Of one that is hosted in the cloud. */
  readonly placement?: Placement;
  readonly origin: InstanceOrigin;
  readonly released: boolean;
  readonly status: InstanceStatus;
  readonly operation?: { readonly operationId: string; readonly kind: OperationKind };
  readonly lastOperationId: string;
  /** It has an operation: the reconciler's list. */
  readonly working: boolean;
  /** Why it is degraded. */
  readonly reason?: string;
  /** What went wrong last; gone when an operation has succeeded since. */
  readonly lastFailure?: LastFailure;
  readonly nodes: readonly NodeDoc[];
  /** Init nodes that completed ever: they are that, also in a version that has them again. */
  readonly completedInit: readonly string[];
  readonly appKey?: string;
  /** Absent before its first operation has ended. */
  readonly health?: HealthDoc;
  readonly driftPolicy: DriftPolicy;
  /** What somebody else has changed on the cluster, as long as it is left so. */
  readonly drift?: readonly Difference[];
  /** Replicas by node, where they are not those of the topology. */
  readonly scale?: Readonly<Record<string, number>>;
  /** Why nothing is done to it for now. */
  readonly suspended?: { readonly reason: string; readonly since: string };
  /** It was stopped, and not started since. */
  readonly stopped: boolean;
  readonly revision: number;
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** In `viewers`: they see every instance. */
export const OPERATORS = '*';

type Doc = InstanceDoc | undefined;

export const instancesProjection: Projection<InstanceDoc, InstanceEvent | OperationEvent | ResourceEvent | HealthEvent> = {
  name: 'instances',
  version: 4,
  streamPrefixes: ['instance-', 'operation-', 'resources-', 'health-'],
  indexes: {
    byViewer: ['viewers', 'createdAt'],
    byViewerAndStatus: ['viewers', 'status', 'createdAt'],
    byViewerAndApp: ['viewers', 'appId', 'createdAt'],
    byViewerAndCluster: ['viewers', 'clusterId', 'createdAt'],
    byCluster: ['clusterId', 'status'],
    working: ['working', 'createdAt'],
  },
  keys: ({ data }) => [data.instanceId],
  on: {
    InstanceRequested: (_, { data, revision, recordedAt }) => {
      const { operationId, parameters: __, secrets: ___, ...rest } = data;
      return {
        ...rest,
        viewers: [...new Set([data.ownerTenant, data.providerTenant]), OPERATORS],
        status: 'deploying',
        operation: { operationId, kind: 'deploy' },
        lastOperationId: operationId,
        working: true,
        nodes: [],
        completedInit: [],
        driftPolicy: 'correct',
        stopped: false,
        revision,
        createdAt: recordedAt,
        updatedAt: recordedAt,
      };
    },
    UpgradeRequested: (doc, event) => changingVersion(doc, event, 'upgrading', 'upgrade'),
    RollbackRequested: (doc, event) => changingVersion(doc, event, 'rolling-back', 'rollback'),
    RestartRequested: (doc, { data, revision, recordedAt }) =>
      doc && begun(doc, 'restarting', data.operationId, 'restart', revision, recordedAt),
    StopRequested: (doc, { data, revision, recordedAt }) =>
      doc && { ...begun(doc, 'stopping', data.operationId, 'stop', revision, recordedAt), stopped: true },
    StartRequested: (doc, { data, revision, recordedAt }) =>
      doc && { ...begun(doc, 'starting', data.operationId, 'start', revision, recordedAt), stopped: false },
    ScaleRequested: (doc, { data, revision, recordedAt }) =>
      doc && {
        ...begun(doc, 'scaling', data.operationId, 'scale', revision, recordedAt),
        scale: { ...doc.scale, ...data.nodes },
      },
    RetryRequested: (doc, { data, revision, recordedAt }) =>
      doc && begun(doc, 'retrying', data.operationId, 'retry', revision, recordedAt),
    CorrectionRequested: (doc, { data, revision, recordedAt }) =>
      doc && begun(doc, 'correcting', data.operationId, 'correct', revision, recordedAt),
    DriftPolicyChosen: (doc, { data, revision, recordedAt }) =>
      doc && touched({ ...doc, driftPolicy: data.policy, revision }, recordedAt),
    ReconciliationSuspended: (doc, { data, revision, recordedAt }) =>
      doc && touched({ ...doc, suspended: { reason: data.reason, since: recordedAt }, revision }, recordedAt),
    ReconciliationResumed: (doc, { revision, recordedAt }) => {
      if (!doc) return undefined;
      const { suspended: _, ...rest } = doc;
      return touched({ ...rest, revision }, recordedAt);
    },
    DeleteRequested: (doc, { data, revision, recordedAt }) =>
      doc && begun(doc, 'deleting', data.operationId, 'delete', revision, recordedAt),
    OperationConcluded: (doc, { data, revision, recordedAt }) => {
      if (!doc) return undefined;
      const { operation: _, reason: __, lastFailure, ...rest } = doc;
      const ended = { ...rest, working: false, revision, updatedAt: recordedAt };
      const status = rest.stopped ? 'stopped' : 'running';
      const health = rest.health ?? { state: 'healthy', since: recordedAt, nodes: [] };
      switch (data.outcome) {
        case 'failed':
          return {
            ...ended,
            ...failed(doc, data, 'failed', recordedAt),
            // What ran before a correction runs on.
            status: data.kind === 'correct' ? status : 'degraded',
            ...(data.reason !== undefined && { reason: data.reason }),
          };
        case 'rolled-back':
          return { ...ended, ...failed(doc, data, 'rolled-back', recordedAt), ...data.backTo, status, health };
        case 'succeeded':
          return data.kind === 'delete' ? ended : { ...ended, status, health };
        case 'pre-empted':
          return { ...ended, ...(lastFailure && { lastFailure }) };
        default:
          return assertNever(data.outcome);
      }
    },
    InstanceDeleted: (doc, { revision, recordedAt }) => {
      if (!doc) return undefined;
      const { health: _, drift: __, suspended: ___, ...rest } = doc;
      return { ...rest, status: 'deleted', nodes: [], revision, updatedAt: recordedAt };
    },

    InstanceBecameHealthy: (doc, { recordedAt }) =>
      doc && touched({ ...doc, health: { state: 'healthy', since: recordedAt, nodes: [] } }, recordedAt),
    InstanceBecameUnhealthy: (doc, { data, recordedAt }) =>
      doc && touched({ ...doc, health: { state: data.health, since: recordedAt, nodes: data.nodes } }, recordedAt),
    DriftFound: (doc, { data, recordedAt }) => doc && touched({ ...doc, drift: data.differences }, recordedAt),
    DriftGone: (doc, { recordedAt }) => {
      if (!doc) return undefined;
      const { drift: _, ...rest } = doc;
      return touched(rest, recordedAt);
    },
    OrphanRemoved: 'ignored',

    OperationStarted: (doc, { data, recordedAt }) =>
      doc && touched({ ...doc, nodes: nodesOf(doc, data.waves.flat()) }, recordedAt),
    CredentialBound: (doc, { data, recordedAt }) => doc && touched({ ...doc, appKey: data.appKey }, recordedAt),
    NodeApplied: (doc, { data, recordedAt }) =>
      withNode(doc, data.node, recordedAt, { state: 'applied', reason: 'its pods are starting' }),
    NodeWaiting: (doc, { data, recordedAt }) => withNode(doc, data.node, recordedAt, { state: 'waiting', reason: data.reason }),
    NodeBecameReady: (doc, { data, recordedAt }) =>
      withNode(doc, data.node, recordedAt, { state: 'ready', addresses: data.address ? placesOf(data.address) : [] }),
    InitNodeCompleted: (doc, { data, recordedAt }) => {
      const completed = withNode(doc, data.node, recordedAt, { state: 'completed' });
      return completed && { ...completed, completedInit: [...completed.completedInit, data.node] };
    },
    NodeOverridden: (doc, { data, recordedAt }) =>
      withNode(doc, data.node, recordedAt, { state: 'overridden', reason: data.reason }),
    InitNodeFailed: (doc, { data, recordedAt }) => withNode(doc, data.node, recordedAt, { state: 'failed', reason: data.reason }),
    NodeDeleted: (doc, { data, recordedAt }) =>
      doc && touched({ ...doc, nodes: doc.nodes.filter(({ serviceName }) => serviceName !== data.node) }, recordedAt),
    RollbackStarted: (doc, { data, recordedAt }) => {
      // A delete may have cut it short already.
      if (doc?.operation?.operationId !== data.operationId) return doc;
      return touched({ ...doc, status: 'rolling-back', nodes: nodesOf(doc, data.waves.flat()) }, recordedAt);
    },
    OperationRolledBack: 'ignored',
    OperationSucceeded: 'ignored',
    InventoryFoundEmpty: 'ignored',
    OperationPreempted: 'ignored',
    OperationStalled: 'ignored',
    OperationContinued: 'ignored',
    CredentialUnbound: 'ignored',
    OperationFailed: (doc, { data, recordedAt }) =>
      data.node === undefined ? doc : withNode(doc, data.node, recordedAt, { state: 'failed', reason: data.reason }),

    // Whoever waits for a resource hears of it by the document of its instance.
    ResourceRequested: (doc, { data: { node, service, plan }, recordedAt }) =>
      withCloud(doc, node, recordedAt, () => ({ service, plan, state: 'requested' })),
    ResourceProvisioning: (doc, event) => withCloudState(doc, event, 'provisioning'),
    ResourceProvisioned: (doc, event) => withCloudState(doc, event, 'provisioned'),
    ResourceBound: (doc, event) => withCloudState(doc, event, 'bound'),
    ResourceFailed: (doc, event) => withCloudState(doc, event, event.data.left ? 'leaving' : 'failed'),
    ResourceChangeRequested: (doc, event) => withCloudState(doc, event, 'changing'),
    ResourceChanged: (doc, { data: { node, plan }, recordedAt }) =>
      withCloud(doc, node, recordedAt, (known) => known && { ...known, plan, state: 'bound' }),
    ResourceChangeFailed: (doc, event) => withCloudState(doc, event, 'bound'),
    ResourceReleased: (doc, event) => withCloudState(doc, event, 'leaving'),
    ResourceDeprovisioned: (doc, { data: { node }, recordedAt }) => withCloud(doc, node, recordedAt, () => undefined),
    ResourcePlaced: 'ignored',
    ResourceBinding: 'ignored',
    ResourceChanging: 'ignored',
    ResourceUnbinding: 'ignored',
    ResourceUnbound: 'ignored',
    ResourceDeprovisioning: 'ignored',
    ResourcesClosed: 'ignored',
    ResourceDelayed: (doc, { data: { node, reason }, recordedAt }) =>
      doc && {
        ...doc,
        nodes: doc.nodes.map((known) => (known.serviceName === node && known.state === 'waiting' ? { ...known, reason } : known)),
        updatedAt: recordedAt,
      },
  },
};

function changingVersion(
  doc: Doc,
  { data, revision, recordedAt }: RecordedEvent<UpgradeRequested | RollbackRequested>,
  status: InstanceStatus,
  kind: OperationKind,
): Doc {
  const { operationId, versionId, versionNumber, snapshot } = data;
  return doc && begun({ ...doc, versionId, versionNumber, snapshot }, status, operationId, kind, revision, recordedAt);
}

/** Failures of before they had a code say nothing here. */
function failed(
  { versionNumber }: InstanceDoc,
  { operationId, kind, code, node, reason = '' }: OperationConcluded['data'],
  outcome: LastFailure['outcome'],
  at: string,
): { readonly lastFailure?: LastFailure } {
  if (code === undefined) return {};
  return {
    lastFailure: { operationId, kind, outcome, versionNumber, code, ...(node !== undefined && { node }), reason, at },
  };
}

function begun(
  doc: InstanceDoc,
  status: InstanceStatus,
  operationId: string,
  kind: OperationKind,
  revision: number,
  updatedAt: string,
): InstanceDoc {
  const { reason: _, ...rest } = doc;
  return { ...rest, status, operation: { operationId, kind }, lastOperationId: operationId, working: true, revision, updatedAt };
}

const touched = (doc: InstanceDoc, updatedAt: string): InstanceDoc => ({ ...doc, updatedAt });

/** In deploy order; nodes that are to be removed stay at the end until they are. */
function nodesOf({ nodes, completedInit }: InstanceDoc, names: readonly string[]): NodeDoc[] {
  const known = new Map(nodes.map((node) => [node.serviceName, node]));
  const wanted = new Set(names);
  const added = (serviceName: string): NodeDoc => ({
    serviceName,
    state: completedInit.includes(serviceName) ? 'completed' : 'pending',
  });
  return [
    ...names.map((serviceName) => known.get(serviceName) ?? added(serviceName)),
    ...nodes.filter(({ serviceName }) => !wanted.has(serviceName)),
  ];
}

/** Addresses stay known while a node waits; why it waited does not outlive the wait. */
function withNode(doc: Doc, serviceName: string, updatedAt: string, change: Omit<NodeDoc, 'serviceName'>): Doc {
  if (!doc) return undefined;
  const nodes = doc.nodes.map((known) => {
    if (known.serviceName !== serviceName) return known;
    const { addresses, cloud } = known;
    return { serviceName, ...(cloud && { cloud }), ...(addresses && { addresses }), ...change };
  });
  return { ...doc, nodes, updatedAt };
}

function withCloudState(doc: Doc, { data: { node }, recordedAt }: RecordedEvent<EventOfResource>, state: CloudNodeState): Doc {
  return withCloud(doc, node, recordedAt, (known) => known && { ...known, state });
}

function withCloud(
  doc: Doc,
  serviceName: string,
  updatedAt: string,
  change: (known: CloudNodeDoc | undefined) => CloudNodeDoc | undefined,
): Doc {
  if (!doc) return undefined;
  const nodes = doc.nodes.map((known) => {
    if (known.serviceName !== serviceName) return known;
    const { cloud: before, ...rest } = known;
    const cloud = change(before);
    return { ...rest, ...(cloud && { cloud }) };
  });
  return { ...doc, nodes, updatedAt };
}

function placesOf({ host, ports, external, hosts }: NodeAddress): NodePlace[] {
  return ports.map((port) => ({ host, ...port, ...(external !== undefined && { address: external }), ...(hosts && { hosts }) }));
}
