import type { Projection } from '@souk/event-sourcing';
import type { InstanceStatus } from '@souk/contracts';
import type { InstanceEvent, InstanceOrigin, OperationKind } from '../domain/instance.events';
import type { NodeAddress, OperationEvent } from '../domain/operation.events';

export type NodeState = 'pending' | 'applied' | 'waiting' | 'ready' | 'completed' | 'failed';

export interface NodeDoc {
  readonly serviceName: string;
  readonly state: NodeState;
  /** Why it waits or failed. */
  readonly reason?: string;
  /** Where it is reached: inside the instance by host and port, from the local network by any host's address and the node port. */
  readonly addresses?: readonly NodePlace[];
}

export interface NodePlace {
  readonly host: string;
  readonly port: number;
  readonly protocol: string;
  readonly nodePort?: number;
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
  readonly origin: InstanceOrigin;
  readonly released: boolean;
  readonly status: InstanceStatus;
  readonly operation?: { readonly operationId: string; readonly kind: OperationKind };
  readonly lastOperationId: string;
  /** It has an operation: the reconciler's list. */
  readonly working: boolean;
  /** Why it is degraded. */
  readonly reason?: string;
  readonly nodes: readonly NodeDoc[];
  readonly appKey?: string;
  readonly revision: number;
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** In `viewers`: they see every instance. */
export const OPERATORS = '*';

type Doc = InstanceDoc | undefined;

export const instancesProjection: Projection<InstanceDoc, InstanceEvent | OperationEvent> = {
  name: 'instances',
  version: 2,
  streamPrefixes: ['instance-', 'operation-'],
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
        revision,
        createdAt: recordedAt,
        updatedAt: recordedAt,
      };
    },
    UpgradeRequested: (doc, { data, revision, recordedAt }) => {
      const { operationId, versionId, versionNumber, snapshot } = data;
      return (
        doc && begun({ ...doc, versionId, versionNumber, snapshot }, 'upgrading', operationId, 'upgrade', revision, recordedAt)
      );
    },
    RestartRequested: (doc, { data, revision, recordedAt }) =>
      doc && begun(doc, 'restarting', data.operationId, 'restart', revision, recordedAt),
    DeleteRequested: (doc, { data, revision, recordedAt }) =>
      doc && begun(doc, 'deleting', data.operationId, 'delete', revision, recordedAt),
    OperationConcluded: (doc, { data, revision, recordedAt }) => {
      if (!doc) return undefined;
      const { operation: _, reason: __, ...rest } = doc;
      const ended = { ...rest, working: false, revision, updatedAt: recordedAt };
      if (data.outcome === 'failed')
        return { ...ended, status: 'degraded', ...(data.reason !== undefined && { reason: data.reason }) };
      return data.outcome === 'succeeded' && data.kind !== 'delete' ? { ...ended, status: 'running' } : ended;
    },
    InstanceDeleted: (doc, { revision, recordedAt }) =>
      doc && { ...doc, status: 'deleted', nodes: [], revision, updatedAt: recordedAt },

    OperationStarted: (doc, { data, recordedAt }) =>
      doc && touched({ ...doc, nodes: nodesOf(doc, data.waves.flat()) }, recordedAt),
    CredentialBound: (doc, { data, recordedAt }) => doc && touched({ ...doc, appKey: data.appKey }, recordedAt),
    NodeApplied: (doc, { data, recordedAt }) =>
      withNode(doc, data.node, recordedAt, { state: 'applied', reason: 'its pods are starting' }),
    NodeWaiting: (doc, { data, recordedAt }) => withNode(doc, data.node, recordedAt, { state: 'waiting', reason: data.reason }),
    NodeBecameReady: (doc, { data, recordedAt }) =>
      withNode(doc, data.node, recordedAt, { state: 'ready', addresses: data.address ? placesOf(data.address) : [] }),
    InitNodeCompleted: (doc, { data, recordedAt }) => withNode(doc, data.node, recordedAt, { state: 'completed' }),
    InitNodeFailed: (doc, { data, recordedAt }) => withNode(doc, data.node, recordedAt, { state: 'failed', reason: data.reason }),
    NodeDeleted: (doc, { data, recordedAt }) =>
      doc && touched({ ...doc, nodes: doc.nodes.filter(({ serviceName }) => serviceName !== data.node) }, recordedAt),
    OperationSucceeded: 'ignored',
    OperationPreempted: 'ignored',
    OperationStalled: 'ignored',
    OperationContinued: 'ignored',
    CredentialUnbound: 'ignored',
    OperationFailed: (doc, { data, recordedAt }) =>
      data.node === undefined ? doc : withNode(doc, data.node, recordedAt, { state: 'failed', reason: data.reason }),
  },
};

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
function nodesOf({ nodes }: InstanceDoc, names: readonly string[]): NodeDoc[] {
  const known = new Map(nodes.map((node) => [node.serviceName, node]));
  const wanted = new Set(names);
  return [
    ...names.map((serviceName): NodeDoc => known.get(serviceName) ?? { serviceName, state: 'pending' }),
    ...nodes.filter(({ serviceName }) => !wanted.has(serviceName)),
  ];
}

/** Addresses stay known while a node waits; why it waited does not outlive the wait. */
function withNode(doc: Doc, serviceName: string, updatedAt: string, change: Omit<NodeDoc, 'serviceName'>): Doc {
  if (!doc) return undefined;
  const nodes = doc.nodes.map((known) => {
    if (known.serviceName !== serviceName) return known;
    return { serviceName, ...(known.addresses && { addresses: known.addresses }), ...change };
  });
  return { ...doc, nodes, updatedAt };
}

function placesOf({ host, ports }: NodeAddress): NodePlace[] {
  return ports.map((port) => ({ host, ...port }));
}
