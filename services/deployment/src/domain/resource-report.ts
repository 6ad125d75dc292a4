import {
  formatCpu,
  formatMemory,
  parseCpu,
  parseMemory,
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
    /** Of each replica. */
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
      cpu: node.cpu,
      memory: node.memory,
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
  const requests = { cpu: node.cpu.request, memory: node.memory.request };
  const why = misfitOf(requests, hosts) ?? 'what is free is taken by the other nodes of the configuration';
  const pods = node.replicas === 1 ? 'it has no place' : `${missing} of its ${node.replicas} replicas have no place`;
  return { code: 'does-not-fit', pointer: '', message: `node "${node.serviceName}": ${pods}: ${why}` };
}

function podsOf(node: ResolvedProcess) {
  const pod = { node: node.serviceName, cpu: parseCpu(node.cpu.request), memory: parseMemory(node.memory.request) };
  return Array.from({ length: node.replicas }, () => pod);
}

function total(nodes: readonly ResolvedProcess[], bound: 'request' | 'limit'): Amount {
  return sum(
    ...nodes.map(({ cpu, memory, replicas }) => ({
      cpu: parseCpu(cpu[bound]) * replicas,
      memory: parseMemory(memory[bound]) * replicas,
    })),
  );
}

const written = ({ cpu, memory }: Amount): Quantities => ({ cpu: formatCpu(cpu), memory: formatMemory(memory) });
