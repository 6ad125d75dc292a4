import type { Problem } from '@souk/event-sourcing';
import { processesOf, type ResolvedProcess, type Topology } from '@souk/topology';
import { parseAddressRange } from './address-range';
import { type HostCapacity, hostsFor } from './capacity';
import type { ClusterDescription } from './cluster.events';
import { type HostPolicy, refusalOf } from './host-policy';

/** What is known of a cluster beyond what its owner says of it. */
export interface Circumstances {
  /** Service addresses that nobody has, and nodes of this very instance that have one already. */
  readonly addresses?: { readonly free: number; readonly own: ReadonlySet<string> };
  /** As the cluster reports them. */
  readonly hosts?: readonly HostCapacity[];
  /** That the app was built for; it runs on any where it says none. */
  readonly platforms?: readonly string[];
}

type Offer = Pick<ClusterDescription, 'clusterId' | 'hostPolicy' | 'nas' | 'serviceAddressRange'>;

/**
 * Everything about a cluster that stands in the way of this topology, with pointers into its document. What of the hosts is not granted
 * is refused: hosts are their owner's, and an app is somebody else's.
 */
export function obstaclesOn(topology: Topology, cluster: Offer, circumstances: Circumstances = {}): Problem[] {
  const indexes = new Map(topology.nodes.map(({ serviceName }, i) => [serviceName, i]));
  const nodes = processesOf(topology);
  return [
    ...platformObstacles(circumstances),
    ...nodes.flatMap((node) => nodeObstacles(node, `/nodes/${indexes.get(node.serviceName) ?? 0}`, cluster, circumstances)),
    ...addressObstacles(nodes, indexes, cluster, circumstances),
  ];
}

/** A node that asks its host for what the owner has not granted, or not any more. The first one. */
export function notGrantedOn(
  topology: Topology,
  hostPolicy: HostPolicy,
): { readonly code: GrantCode; readonly node: string; readonly reason: string } | undefined {
  for (const node of processesOf(topology)) {
    const [problem] = grantObstacles(node, '', hostPolicy);
    if (problem) return { code: problem.code, node: node.serviceName, reason: problem.message };
  }
  return undefined;
}

type GrantCode = 'host-network-not-granted' | 'host-path-not-granted';

/** Nodes that are reached under an address of their own. */
export function addressedNodes(topology: Topology): string[] {
  return processesOf(topology)
    .filter(isAddressed)
    .map(({ serviceName }) => serviceName);
}

function nodeObstacles(
  node: ResolvedProcess,
  pointer: string,
  { hostPolicy, nas }: Offer,
  circumstances: Circumstances,
): Problem[] {
  const { hosts, platforms = [] } = circumstances;
  const name = `node "${node.serviceName}"`;
  const problems: Problem[] = grantObstacles(node, pointer, hostPolicy);
  const roomy = hosts && hostsFor(platforms, hosts).filter(({ schedulable }) => schedulable).length;
  if (node.hostNetwork && roomy !== undefined && node.replicas > roomy)
    problems.push({
      code: 'too-few-hosts',
      pointer: `${pointer}/replicas`,
      message: `${name} has ${node.replicas} replicas in the network of their hosts, and ${roomy} hosts take new pods`,
    });
  if (node.storage?.length && !nas)
    problems.push({
      code: 'storage-without-nas',
      pointer: `${pointer}/storage`,
      message: `${name} keeps "${node.storage[0]!.identifier}", and the cluster has no NAS`,
    });
  return problems;
}

function grantObstacles(
  node: ResolvedProcess,
  pointer: string,
  hostPolicy: HostPolicy,
): (Problem & { readonly code: GrantCode })[] {
  const name = `node "${node.serviceName}"`;
  const problems: (Problem & { readonly code: GrantCode })[] = [];
  if (node.hostNetwork && !hostPolicy.hostNetwork)
    problems.push({
      code: 'host-network-not-granted',
      pointer: `${pointer}/hostNetwork`,
      message: `${name} uses the network of its host, which the owner of the cluster has not granted`,
    });
  node.hostPaths?.forEach((path, i) => {
    const why = refusalOf(path, hostPolicy);
    if (why === undefined) return;
    const message = `${name}: host path ${why} by the owner of the cluster`;
    problems.push({ code: 'host-path-not-granted', pointer: `${pointer}/hostPaths/${i}`, message });
  });
  return problems;
}

function platformObstacles({ hosts, platforms = [] }: Circumstances): Problem[] {
  if (!hosts || platforms.length === 0) return [];
  if (hostsFor(platforms, hosts).some(({ schedulable }) => schedulable)) return [];
  const reported = [...new Set(hosts.filter(({ schedulable }) => schedulable).map(({ platform }) => platform))].sort();
  const message = `the app runs on ${platforms.join(', ')}; hosts that take new pods: ${reported.join(', ') || 'none'}`;
  return [{ code: 'no-host-of-platform', pointer: '', message }];
}

function addressObstacles(
  nodes: readonly ResolvedProcess[],
  indexes: ReadonlyMap<string, number>,
  { serviceAddressRange }: Offer,
  { addresses }: Circumstances,
): Problem[] {
  const without = nodes.filter((node) => isAddressed(node) && !addresses?.own.has(node.serviceName));
  const hasRange = serviceAddressRange !== undefined && parseAddressRange(serviceAddressRange).range !== undefined;
  const free = hasRange ? (addresses?.free ?? Infinity) : 0;
  return without.slice(free).map(({ serviceName }) => ({
    code: hasRange ? 'address-pool-exhausted' : 'address-pool-missing',
    pointer: `/nodes/${indexes.get(serviceName) ?? 0}/serviceType`,
    message: hasRange
      ? `node "${serviceName}" wants an address of its own: ${without.length} are asked for, and ${free} are free on the cluster`
      : `node "${serviceName}" wants an address of its own, and the cluster has no service address range`,
  }));
}

const isAddressed = ({ category, serviceType, ports }: ResolvedProcess): boolean =>
  category !== 'init' && serviceType === 'LoadBalancer' && ports.length > 0;
