import { processesOf, type Topology } from '@souk/topology';
import { freeOf, type HostCapacity, hostsFor, placementOf, sum } from './capacity';
import type { ClusterDescription } from './cluster.events';
import { obstaclesOn } from './obstacles';
import { demandsOf } from '../plans/resource-report';

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
export function chooseCluster(topology: Topology, candidates: readonly Candidate[], platforms: readonly string[] = []): Choice {
  const judged = candidates
    .toSorted((a, b) => (a.cluster.clusterId < b.cluster.clusterId ? -1 : 1))
    .map((candidate) => ({ candidate, code: whyNot(topology, candidate, platforms) }));
  const suitable = judged.filter(({ code }) => code === undefined);
  const spare = ({ hosts = [] }: Candidate) => spareOf(hostsFor(platforms, hosts));
  const best = suitable.toSorted((a, b) => spare(a.candidate) - spare(b.candidate))[0];
  if (!best) return { unsuitable: judged.map(({ candidate, code = '' }) => ({ clusterId: candidate.cluster.clusterId, code })) };
  const { clusterId } = best.candidate.cluster;
  return { clusterId, reason: `it has the least to spare of ${suitable.length} of ${candidates.length} clusters that have room` };
}

/** A code alone: what it is about in particular is the operator's concern. */
function whyNot(
  topology: Topology,
  { cluster, hosts, freeAddresses }: Candidate,
  platforms: readonly string[],
): string | undefined {
  if (platforms.length > 0 && !cluster.platforms.some((platform) => platforms.includes(platform))) return 'no-host-of-platform';
  if (!hosts) return 'cluster-unreachable';
  const addresses = { free: freeAddresses, own: new Set<string>() };
  const [obstacle] = obstaclesOn(topology, cluster, { hosts, platforms, addresses });
  if (obstacle) return obstacle.code;
  const pods = processesOf(topology).flatMap((node) => demandsOf(node, node.replicas));
  const places = placementOf(pods, hostsFor(platforms, hosts));
  return places.every(({ host }) => host !== undefined) ? undefined : 'no-room';
}

const spareOf = (hosts: readonly HostCapacity[]): number =>
  sum(...hosts.filter(({ schedulable }) => schedulable).map(freeOf)).memory;
