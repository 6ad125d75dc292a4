import {
  formatCpu,
  formatMemory,
  processSteps,
  type ResolvedProcess,
  type ResourceRange,
  type Topology,
  waveSteps,
} from '@souk/topology';
import { atOnce, type Problem, type Steps } from '@souk/event-sourcing';
import {
  type Amount,
  type Demand,
  freeOf,
  type HostCapacity,
  hostsFor,
  misfitOf,
  placementSteps,
  sum,
} from '../clusters/capacity';
import { cloudNodesOf } from '../cloud/cloud-node';
import { podDemandOf } from '../render/pod-demand';

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
    /** Hosts that its new pods would go to; `null` for a pod without a place. An estimate. */
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

/**
 * @param problems what else stands in the way, found elsewhere
 * @param platforms that it runs on; any, where none is named
 */
export function resourceReport(
  topology: Topology,
  hosts: readonly HostCapacity[],
  problems: readonly Problem[],
  platforms: readonly string[] = [],
): ResourceReport {
  return atOnce(reportSteps(topology, hosts, problems, platforms));
}

/**
 * As {@link resourceReport}, one step for each node.
 * @param podsOf how many pods of a node still need a place; all its replicas, where nothing runs yet
 */
export function* reportSteps(
  topology: Topology,
  hosts: readonly HostCapacity[],
  problems: readonly Problem[],
  platforms: readonly string[],
  podsOf: (node: ResolvedProcess) => number = ({ replicas }) => replicas,
): Steps<ResourceReport> {
  const processes = yield* processSteps(topology);
  const usable = hostsFor(platforms, hosts);
  const demands: Demand[] = [];
  for (const node of processes) {
    yield;
    demands.push(...demandsOf(node, podsOf(node)));
  }
  yield;
  const places = new Map<string, (string | null)[]>(processes.map(({ serviceName }) => [serviceName, []]));
  for (const { node, host } of yield* placementSteps(demands, usable)) places.get(node)?.push(host ?? null);
  const waves = yield* waveSteps(topology);
  const nodes: ResourceReport['nodes'][number][] = [];
  const misfits: Problem[] = [];
  let [requests, limits] = [noAmount, noAmount];
  for (const node of processes) {
    yield;
    const { serviceName, category, replicas } = node;
    const placement = places.get(serviceName) ?? [];
    const { cpu, memory, requestedCpu, requestedMemory } = podDemandOf(node);
    requests = sum(requests, { cpu: requestedCpu * replicas, memory: requestedMemory * replicas });
    limits = sum(limits, { cpu: cpu * replicas, memory: memory * replicas });
    nodes.push({ serviceName, category, replicas, ...rangesOf(node), placement });
    const missing = placement.filter((host) => host === null).length;
    if (missing > 0) misfits.push(misfitProblem(node, missing, usable));
  }
  return {
    nodes,
    cloudNodes: cloudNodesOf(topology).map(({ name, spec: { service, plan } }) => ({ serviceName: name, service, plan })),
    waves,
    totals: { requests: written(requests), limits: written(limits) },
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

/** What pods of a node ask for, their log collectors included. */
export function demandsOf(node: ResolvedProcess, pods: number): Demand[] {
  const { requestedCpu, requestedMemory } = podDemandOf(node);
  const pod = { node: node.serviceName, cpu: requestedCpu, memory: requestedMemory };
  return Array.from({ length: pods }, () => pod);
}

function rangesOf(node: ResolvedProcess): { cpu: ResourceRange; memory: ResourceRange } {
  const { cpu, memory, requestedCpu, requestedMemory } = podDemandOf(node);
  return {
    cpu: { request: formatCpu(requestedCpu), limit: formatCpu(cpu) },
    memory: { request: formatMemory(requestedMemory), limit: formatMemory(memory) },
  };
}

const noAmount: Amount = { cpu: 0, memory: 0 };

const written = ({ cpu, memory }: Amount): Quantities => ({ cpu: formatCpu(cpu), memory: formatMemory(memory) });
