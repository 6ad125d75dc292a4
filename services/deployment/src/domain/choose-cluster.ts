import type { Platform } from '@souk/contracts';
import { parseCpu, parseMemory, processesOf, resolveTopology, type Topology } from '@souk/topology';
import { freeOf, type HostCapacity, placementOf, sum } from './capacity';
import type { ClusterDescription } from './cluster.events';
import { obstaclesOn } from './obstacles';

/** A cluster that an operator offers in some region. */
export interface Candidate {
  readonly cluster: ClusterDescription;
  /** Absent where it does not answer. */
  readonly hosts?: readonly HostCapacity[];
  readonly freeAddresses: number;
}

export type Choice =
  | { readonly clusterId: string; readonly reason: string }
  | { readonly clusterId?: undefined; readonly unsuitable: readonly { readonly clusterId: string; readonly code: string }[] };

/**
 * The cluster that a configuration fits best: the one with the least memory to spare once it is there, so that large ones stay free for what
 * is large; of equals the first by id.
 *     free 8Gi, 4Gi and 1Gi, wanted 2Gi     gives the one with 4Gi
 */
export function chooseCluster(topology: Topology, candidates: readonly Candidate[], platforms: readonly Platform[] = []): Choice {
  const judged = candidates
    .toSorted((a, b) => (a.cluster.clusterId < b.cluster.clusterId ? -1 : 1))
    .map((candidate) => ({ candidate, code: whyNot(topology, candidate, platforms) }));
  const suitable = judged.filter(({ code }) => code === undefined);
  const best = suitable.toSorted((a, b) => spareOf(a.candidate) - spareOf(b.candidate))[0];
  if (!best) return { unsuitable: judged.map(({ candidate, code = '' }) => ({ clusterId: candidate.cluster.clusterId, code })) };
  const { clusterId } = best.candidate.cluster;
  return { clusterId, reason: `it has the least to spare of ${suitable.length} of ${candidates.length} clusters that have room` };
}

/** A code alone: what it is about in particular is the operator's concern. */
function whyNot(
  topology: Topology,
  { cluster, hosts, freeAddresses }: Candidate,
  platforms: readonly Platform[],
): string | undefined {
  if (platforms.length > 0 && !platforms.some((platform) => cluster.platforms.includes(platform))) return 'no-host-of-platform';
  if (!hosts) return 'cluster-unreachable';
  const addresses = { free: freeAddresses, own: new Set<string>() };
  const [obstacle] = obstaclesOn(topology, cluster, { hosts, platforms, addresses });
  if (obstacle) return obstacle.code;
  const usable = platforms.length === 0 ? hosts : hosts.filter(({ platform }) => platforms.some((one) => one === platform));
  return placementOf(podsOf(topology), usable).every(({ host }) => host !== undefined) ? undefined : 'no-room';
}

function podsOf(topology: Topology) {
  return processesOf(resolveTopology(topology)).flatMap(({ serviceName: node, cpu, memory, replicas }) =>
    Array.from({ length: replicas }, () => ({ node, cpu: parseCpu(cpu.request), memory: parseMemory(memory.request) })),
  );
}

const spareOf = ({ hosts = [] }: Candidate): number => sum(...hosts.filter(({ schedulable }) => schedulable).map(freeOf)).memory;
