import {
  formatCpu,
  formatMemory,
  processesOf,
  type ResolvedProcess,
  type ResourceRange,
  resolveTopology,
  type Topology,
  wavesOf,
} from '@souk/topology';
import type { Problem } from '@souk/event-sourcing';
import { cloudNodesOf } from './cloud-node';
import { type Amount, freeOf, type HostCapacity, misfitOf, placementOf, sum } from './capacity';
import { podDemandOf } from './render/pod-demand';

/** Kubernetes quantities. */
export interface Quantities {
  readonly cpu: string;
  readonly memory: string;
}

/** What an instance will take, against what the cluster has free (F44). */
export interface ResourceReport {
  readonly nodes: readonly {
    readonly serviceName: string;
    readonly category: string;
    readonly replicas: number;
    /** Of each replica, its log collector included. */
    readonly cpu: ResourceRange;
    readonly memory: ResourceRange;
    /** Hosts that its pods would go to; `null` for a pod without a place. An estimate. */
    readonly placement: readonly (string | null)[];
  }[];
  /** Nodes that take nothing of the cluster. */
  readonly cloudNodes: readonly { readonly serviceName: string; readonly service: string; readonly plan: string }[];
  /** Deploy order. */
  readonly waves: readonly (readonly string[])[];
  readonly totals: { readonly requests: Quantities; readonly limits: Quantities };
  readonly hosts: readonly {
    readonly name: string;
    readonly platform: string;
    readonly schedulable: boolean;
    readonly allocatable: Quantities;
    readonly free: Quantities;
  }[];
  readonly fits: boolean;
  readonly problems: readonly Problem[];
}

/** @param problems what else stands in the way, found elsewhere */
export function resourceReport(topology: Topology, hosts: readonly HostCapacity[], problems: readonly Problem[]): ResourceReport {
  const nodes = processesOf(resolveTopology(topology));
  const placements = placementOf(nodes.flatMap(podsOf), hosts);
  const misfits = nodes.flatMap((node) => {
    const missing = placements.filter((placement) => placement.node === node.serviceName && placement.host === undefined).length;
    return missing === 0 ? [] : [misfitProblem(node, missing, hosts)];
  });
  return {
    nodes: nodes.map((node) => ({
      serviceName: node.serviceName,
      category: node.category,
      replicas: node.replicas,
      ...rangesOf(node),
      placement: placements.filter((placement) => placement.node === node.serviceName).map(({ host }) => host ?? null),
    })),
    cloudNodes: cloudNodesOf(topology).map(({ name, spec: { service, plan } }) => ({ serviceName: name, service, plan })),
    waves: wavesOf(topology),
    totals: { requests: written(total(nodes, 'request')), limits: written(total(nodes, 'limit')) },
    hosts: hosts.map((host) => ({
      name: host.name,
      platform: host.platform,
      schedulable: host.schedulable,
      allocatable: written(host.allocatable),
      free: written(freeOf(host)),
    })),
    fits: misfits.length === 0,
    problems: [...problems, ...misfits],
  };
}

function misfitProblem(node: ResolvedProcess, missing: number, hosts: readonly HostCapacity[]): Problem {
  const { cpu, memory } = rangesOf(node);
  const requests = { cpu: cpu.request, memory: memory.request };
  const why = misfitOf(requests, hosts) ?? 'what is free is taken by the other nodes of the configuration';
  const pods = node.replicas === 1 ? 'it has no place' : `${missing} of its ${node.replicas} replicas have no place`;
  return { code: 'does-not-fit', pointer: '', message: `node "${node.serviceName}": ${pods}: ${why}` };
}

function podsOf(node: ResolvedProcess) {
  const { requestedCpu, requestedMemory } = podDemandOf(node);
  const pod = { node: node.serviceName, cpu: requestedCpu, memory: requestedMemory };
  return Array.from({ length: node.replicas }, () => pod);
}

function rangesOf(node: ResolvedProcess): { cpu: ResourceRange; memory: ResourceRange } {
  const { cpu, memory, requestedCpu, requestedMemory } = podDemandOf(node);
  return {
    cpu: { request: formatCpu(requestedCpu), limit: formatCpu(cpu) },
    memory: { request: formatMemory(requestedMemory), limit: formatMemory(memory) },
  };
}

function total(nodes: readonly ResolvedProcess[], bound: 'request' | 'limit'): Amount {
  return sum(
    ...nodes.map((node) => {
      const { cpu, memory, requestedCpu, requestedMemory } = podDemandOf(node);
      const pod = bound === 'limit' ? { cpu, memory } : { cpu: requestedCpu, memory: requestedMemory };
      return { cpu: pod.cpu * node.replicas, memory: pod.memory * node.replicas };
    }),
  );
}

const written = ({ cpu, memory }: Amount): Quantities => ({ cpu: formatCpu(cpu), memory: formatMemory(memory) });
