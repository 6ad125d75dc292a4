import { formatCpu, formatMemory, type ResolvedProcess } from '@souk/topology';
import { type PodDemand, podDemandOf } from './pod-demand';
import { type Owner, rendered, type RenderedObject } from './rendered';

/**
 * What the instance may take: the limits (and requests) of all pods, and the largest node once more: old pods count until they are gone while a
 * node is replaced. While the instance changes from one version to another it may take what the larger of both takes, node by node: a quota
 * below what still runs would keep the new pods from starting.
 *
 * Of storage the one claim of the instance, whatever its size: nobody but this platform makes claims there, and a quota that grows together with
 * a claim is in force a moment too late for it.
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
  const head = { apiVersion: 'v1', kind: 'ResourceQuota', name: 'souk-quota' };
  return rendered(owner, head, {
    spec: {
      hard: {
        'requests.cpu': formatCpu(total('requestedCpu')),
        'requests.memory': formatMemory(total('requestedMemory')),
        'limits.cpu': formatCpu(total('cpu')),
        'limits.memory': formatMemory(total('memory')),
        persistentvolumeclaims: '1',
      },
    },
  });
}

interface NodeDemand {
  readonly pod: PodDemand;
  readonly replicas: number;
}

function demandsOf(nodes: readonly ResolvedProcess[], before: readonly ResolvedProcess[]): Map<string, NodeDemand> {
  const demands = new Map<string, NodeDemand>();
  for (const node of [...before, ...nodes]) {
    const known = demands.get(node.serviceName);
    const demand = { pod: podDemandOf(node), replicas: node.replicas };
    demands.set(node.serviceName, known ? larger(known, demand) : demand);
  }
  return demands;
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
