import { atOnce, type Steps } from '@souk/event-sourcing';
import { formatCpu, parseCpu, parseMemory } from '@souk/topology';
import type { ClusterObject } from '../cluster-object';

/** CPU in millicores, memory in bytes. */
export interface Amount {
  readonly cpu: number;
  readonly memory: number;
}

/** A host of a cluster: what pods may ask of it, and what they have asked for. */
export interface HostCapacity {
  readonly name: string;
  /** `linux/amd64`, as the host reports it. */
  readonly platform: string;
  /** Under which it is reached on the local network. */
  readonly address?: string;
  /** Takes new pods. */
  readonly schedulable: boolean;
  readonly allocatable: Amount;
  readonly requested: Amount;
}

/** Host → what pods have asked of it. */
export type Requested = ReadonlyMap<string, Amount>;

/** What these pods have asked for, added to what others have. */
export function requestedBy(pods: readonly ClusterObject[], others: Requested = new Map()): Requested {
  const requested = new Map(others);
  for (const pod of pods as readonly PodObject[]) {
    const host = pod.spec?.nodeName;
    if (host === undefined || pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed') continue;
    requested.set(host, sum(requested.get(host) ?? nothing, ...(pod.spec?.containers ?? []).map(requestOf)));
  }
  return requested;
}

/** Hosts from the Node objects of a cluster, and what all its pods have asked for. */
export function hostsOf(nodes: readonly ClusterObject[], requested: Requested): HostCapacity[] {
  return (nodes as readonly NodeObject[]).map((node) => {
    const { status, spec, metadata } = node;
    const info = status?.nodeInfo;
    const address = addressOf(node);
    return {
      name: metadata.name,
      ...(address !== undefined && { address }),
      platform: `${info?.operatingSystem ?? 'linux'}/${architectureOf(info?.architecture)}`,
      schedulable: spec?.unschedulable !== true && isReady(node),
      allocatable: amountOf(status?.allocatable),
      requested: requested.get(metadata.name) ?? nothing,
    };
  });
}

/** Those that it runs on; it runs on any where none is known. */
export function hostsFor(platforms: readonly string[], hosts: readonly HostCapacity[]): readonly HostCapacity[] {
  return platforms.length === 0 ? hosts : hosts.filter(({ platform }) => platforms.includes(platform));
}

export function freeOf({ allocatable, requested }: HostCapacity): Amount {
  return {
    cpu: Math.max(0, allocatable.cpu - requested.cpu),
    memory: Math.max(0, allocatable.memory - requested.memory),
  };
}

/**
 * Why no host takes a pod of these requests, in words: which resource is short, and how much of it was free.
 * `undefined` where one would.
 */
export function misfitOf(
  requests: { readonly cpu: string; readonly memory: string },
  hosts: readonly HostCapacity[],
): string | undefined {
  const wanted = { cpu: parseCpu(requests.cpu), memory: parseMemory(requests.memory) };
  const usable = hosts.filter((host) => host.schedulable);
  if (usable.length === 0) return 'no host takes new pods';
  if (usable.some((host) => fits(wanted, freeOf(host)))) return undefined;

  const roomiest = { cpu: mostFree(usable, 'cpu'), memory: mostFree(usable, 'memory') };
  const short: string[] = [];
  if (roomiest.memory.free < wanted.memory)
    short.push(
      `it asks for ${requests.memory} memory and the most that is free is ${readableMemory(roomiest.memory.free)} on host "${roomiest.memory.host}"`,
    );
  if (roomiest.cpu.free < wanted.cpu)
    short.push(
      `it asks for ${requests.cpu} CPU and the most that is free is ${formatCpu(roomiest.cpu.free)} on host "${roomiest.cpu.host}"`,
    );
  if (short.length > 0) return short.join('; ');
  return `it asks for ${requests.cpu} CPU and ${requests.memory} memory; no single host has both free (${usable.map(described).join(', ')})`;
}

export interface Demand extends Amount {
  readonly node: string;
}

export interface Placement {
  readonly node: string;
  /** Absent where no host has room. */
  readonly host?: string;
}

/**
 * Where the pods would go, by first fit decreasing: the largest first, each to the first host with room. An estimate: the scheduler of
 * the cluster has the last word. Linear in pods × hosts.
 */
export function placementOf(demands: readonly Demand[], hosts: readonly HostCapacity[]): Placement[] {
  return atOnce(placementSteps(demands, hosts));
}

/** As {@link placementOf}, one step for each pod. */
export function* placementSteps(demands: readonly Demand[], hosts: readonly HostCapacity[]): Steps<Placement[]> {
  const free = hosts.filter((host) => host.schedulable).map((host) => ({ host: host.name, left: { ...freeOf(host) } }));
  const largestFirst = demands.toSorted((a, b) => b.memory - a.memory || b.cpu - a.cpu || (a.node < b.node ? -1 : 1));
  const placements: Placement[] = [];
  for (const { node, cpu, memory } of largestFirst) {
    yield;
    const place = free.find(({ left }) => fits({ cpu, memory }, left));
    placements.push(place ? { node, host: place.host } : { node });
    if (place) place.left = { cpu: place.left.cpu - cpu, memory: place.left.memory - memory };
  }
  return placements;
}

/** For people: rounded down to a tenth. */
export function readableMemory(bytes: number): string {
  const units = ['', 'Ki', 'Mi', 'Gi', 'Ti'];
  const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(bytes, 1)) / 10));
  return `${Math.floor((bytes / 1024 ** power) * 10) / 10}${units[power]!}`;
}

export function sum(...amounts: readonly Amount[]): Amount {
  return amounts.reduce((total, { cpu, memory }) => ({ cpu: total.cpu + cpu, memory: total.memory + memory }), nothing);
}

interface PodObject extends ClusterObject {
  readonly spec?: { readonly nodeName?: string; readonly containers?: readonly ContainerSpec[] };
  readonly status?: { readonly phase?: string };
}

interface ContainerSpec {
  readonly resources?: { readonly requests?: Readonly<Record<string, string>> };
}

interface NodeObject extends ClusterObject {
  readonly spec?: { readonly unschedulable?: boolean };
  readonly status?: {
    readonly allocatable?: Readonly<Record<string, string>>;
    readonly addresses?: readonly { readonly type: string; readonly address: string }[];
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
    readonly nodeInfo?: { readonly operatingSystem?: string; readonly architecture?: string };
  };
}

const nothing: Amount = { cpu: 0, memory: 0 };

const requestOf = ({ resources }: ContainerSpec): Amount => amountOf(resources?.requests);

function amountOf(quantities: Readonly<Record<string, string>> | undefined): Amount {
  return { cpu: parseCpu(quantities?.['cpu'] ?? '0'), memory: parseMemory(quantities?.['memory'] ?? '0') };
}

function addressOf({ status }: NodeObject): string | undefined {
  const known = (type: string) => status?.addresses?.find((address) => address.type === type)?.address;
  return known('InternalIP') ?? known('ExternalIP');
}

/** Kubernetes says `arm` where images say `arm/v7`. */
function architectureOf(architecture = 'amd64'): string {
  return architecture === 'arm' ? 'arm/v7' : architecture;
}

function isReady({ status }: NodeObject): boolean {
  const ready = status?.conditions?.find((condition) => condition.type === 'Ready');
  return ready === undefined || ready.status === 'True';
}

const fits = (wanted: Amount, free: Amount): boolean => wanted.cpu <= free.cpu && wanted.memory <= free.memory;

function mostFree(hosts: readonly HostCapacity[], resource: keyof Amount): { host: string; free: number } {
  const best = hosts.reduce((a, b) => (freeOf(b)[resource] > freeOf(a)[resource] ? b : a));
  return { host: best.name, free: freeOf(best)[resource] };
}

function described(host: HostCapacity): string {
  const free = freeOf(host);
  return `"${host.name}": ${formatCpu(free.cpu)} CPU and ${readableMemory(free.memory)} free`;
}
