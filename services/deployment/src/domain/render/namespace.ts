import { formatCpu, formatMemory, parseCpu, parseMemory, type ResolvedProcess } from '@souk/topology';
import { type Identity, IDENTITY_SECRET } from './environment';
import { renderIsolation } from './network';
import { labelsOf, type Owner, rendered, type RenderedObject } from './rendered';
import { SERVICE_ACCOUNT } from './workload';

/** What surrounds the nodes of an instance: its namespace first, then everything else in any order. */
export function renderSurroundings(owner: Owner, name: string, identity: Identity): RenderedObject[] {
  return [renderNamespace(owner, name), renderIsolation(owner), renderServiceAccount(owner), renderIdentity(owner, identity)];
}

function renderNamespace(owner: Owner, name: string): RenderedObject {
  return rendered({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: {
      name: owner.namespace,
      labels: { ...labelsOf(owner), 'pod-security.kubernetes.io/enforce': 'baseline' },
      annotations: { 'souk.dev/instance-name': name },
    },
  });
}

function renderServiceAccount(owner: Owner): RenderedObject {
  return rendered({
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: SERVICE_ACCOUNT, namespace: owner.namespace, labels: labelsOf(owner) },
    automountServiceAccountToken: false,
  });
}

function renderIdentity(owner: Owner, { appKey, secretVersion }: Identity): RenderedObject {
  const object = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: IDENTITY_SECRET, namespace: owner.namespace, labels: labelsOf(owner) },
    type: 'Opaque',
  };
  const sealed = { SOUK_APP_KEY: { template: appKey }, SOUK_APP_SECRET: { appSecretVersion: secretVersion } };
  return rendered(object, { sealed, versions: { appSecret: secretVersion } });
}

/**
 * What the instance may take: the limits (and requests) of all replicas, and the largest node once more: old pods count until they are gone while a
 * node is replaced. While the instance changes from one version to another it may take what the larger of both takes, node by node: a quota
 * below what still runs would keep the new pods from starting.
 */
export function renderQuota(
  owner: Owner,
  nodes: readonly ResolvedProcess[],
  before: readonly ResolvedProcess[] = [],
): RenderedObject {
  const demands = [...demandsOf(nodes, before).values()];
  const total = (resource: keyof PodDemand) =>
    demands.reduce((sum, { pod, replicas }) => sum + pod[resource] * replicas, 0) +
    demands.reduce((most, { pod, replicas }) => Math.max(most, pod[resource] * replicas), 0);
  return rendered({
    apiVersion: 'v1',
    kind: 'ResourceQuota',
    metadata: { name: 'souk-quota', namespace: owner.namespace, labels: labelsOf(owner) },
    spec: {
      hard: {
        'requests.cpu': formatCpu(total('requestedCpu')),
        'requests.memory': formatMemory(total('requestedMemory')),
        'limits.cpu': formatCpu(total('cpu')),
        'limits.memory': formatMemory(total('memory')),
      },
    },
  });
}

interface PodDemand {
  readonly cpu: number;
  readonly memory: number;
  readonly requestedCpu: number;
  readonly requestedMemory: number;
}

interface NodeDemand {
  readonly pod: PodDemand;
  readonly replicas: number;
}

function demandsOf(nodes: readonly ResolvedProcess[], before: readonly ResolvedProcess[]): Map<string, NodeDemand> {
  const demands = new Map<string, NodeDemand>();
  for (const node of [...before, ...nodes]) {
    const known = demands.get(node.serviceName);
    const demand = demandOf(node);
    demands.set(node.serviceName, known ? larger(known, demand) : demand);
  }
  return demands;
}

function demandOf({ cpu, memory, replicas }: ResolvedProcess): NodeDemand {
  const pod = {
    cpu: parseCpu(cpu.limit),
    memory: parseMemory(memory.limit),
    requestedCpu: parseCpu(cpu.request),
    requestedMemory: parseMemory(memory.request),
  };
  return { pod, replicas };
}

function larger(a: NodeDemand, b: NodeDemand): NodeDemand {
  const most = (resource: keyof PodDemand) => Math.max(a.pod[resource], b.pod[resource]);
  const pod = {
    cpu: most('cpu'),
    memory: most('memory'),
    requestedCpu: most('requestedCpu'),
    requestedMemory: most('requestedMemory'),
  };
  return { pod, replicas: Math.max(a.replicas, b.replicas) };
}
