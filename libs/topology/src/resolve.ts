import { atOnce, type Steps } from '@souk/event-sourcing';
import { canonicalTopology, sortedNodes } from './canonical';
import { parseImage } from './image-reference';
import { presetNamed } from './presets/catalogue';
import type { Preset } from './presets/preset';
import {
  type HealthCheck,
  isProcess,
  type PortPair,
  type ResolvedNode,
  type ResolvedProcess,
  type ResourceRange,
  type Topology,
  type TopologyNode,
} from './topology';

/** A topology with everything said, in canonical order, without canvas positions: what is released and digested. */
export interface ResolvedTopology extends Topology {
  readonly nodes: readonly ResolvedNode[];
}

/** What a node gets that says nothing and has no preset. */
export const defaultCpu: ResourceRange = { request: '100m', limit: '500m' };
export const defaultMemory: ResourceRange = { request: '128Mi', limit: '256Mi' };

/** The nodes that run on the cluster, resolved, by service name. */
export function processesOf(topology: Pick<Topology, 'nodes'>): ResolvedProcess[] {
  return atOnce(processSteps(topology));
}

/** As {@link processesOf}, one step for each node. */
export function* processSteps(topology: Pick<Topology, 'nodes'>): Steps<ResolvedProcess[]> {
  return (yield* resolvingSteps(topology)).filter(isProcess);
}

/** Every node resolved, by service name, one step for each. */
export function* resolvingSteps({ nodes }: Pick<Topology, 'nodes'>): Steps<ResolvedNode[]> {
  const resolved: ResolvedNode[] = [];
  for (const node of sortedNodes(nodes)) {
    yield;
    resolved.push(resolveNode(node));
  }
  return resolved;
}

/** Every node resolved, lists sorted. For a topology without problems; of another one it makes what it can. */
export function resolveTopology(topology: Topology): ResolvedTopology {
  return atOnce(topologyResolvingSteps(topology));
}

/** As {@link resolveTopology}, one step for each node. */
export function* topologyResolvingSteps(topology: Topology): Steps<ResolvedTopology> {
  const { arrows, parameters, secrets } = canonicalTopology(topology);
  return { nodes: yield* resolvingSteps(topology), arrows, parameters, secrets };
}

/**
 * The node with what its preset and the defaults say about what it leaves open. An image that nobody names is an empty text, which
 * validation reports as missing. References in the environment stay as they are.
 */
export function resolveNode(node: TopologyNode): ResolvedNode {
  const { category, serviceName } = node;
  if (category !== 'cloud') return resolveProcess({ ...node, category });
  return { serviceName, category, cloud: node.cloud ?? { service: '', plan: '' } };
}

/** As `resolveNode`, for a node that runs on the cluster. */
export function resolveProcess(node: TopologyNode & Pick<ResolvedProcess, 'category'>): ResolvedProcess {
  const preset = presetOf(node);
  // A record that begins with a copy takes V8 ten times as long as one that ends in it.
  const { cloud: _, position: __, serviceName, category, image, cpu, memory, replicas, env, ports: ___, ...more } = node;
  const { serviceType, args: ownArgs, userId: ownUser, healthCheck: ____, readinessCheck: ownReadiness, ...settings } = more;
  const args = ownArgs ?? preset?.args;
  const userId = ownUser ?? userOf(preset, image);
  const healthCheck = healthCheckOf(node);
  const readinessCheck = ownReadiness && completed(ownReadiness, healthCheck && wayOf(healthCheck));
  return {
    serviceName,
    category,
    image: image ?? preset?.image ?? '',
    cpu: cpu ?? preset?.cpu ?? defaultCpu,
    memory: memory ?? preset?.memory ?? defaultMemory,
    replicas: replicas ?? 1,
    env: preset ? Object.assign(variablesGiven(serviceName, preset), env) : (env ?? {}),
    ports: portsOf(node),
    serviceType: serviceType ?? 'ClusterIP',
    ...settings,
    ...(args && { args }),
    ...(userId !== undefined && { userId }),
    ...(healthCheck && { healthCheck }),
    ...(readinessCheck && { readinessCheck }),
  };
}

/** What is known about the user of an image is known about that repository: one that is built otherwise may have no such user. */
function userOf(preset: Preset | undefined, image: string | undefined): number | undefined {
  if (preset?.userId === undefined || image === undefined) return preset?.userId;
  const [own, usual] = [parseImage(image), parseImage(preset.image)];
  return own?.registry === usual?.registry && own?.repository === usual?.repository ? preset.userId : undefined;
}

/** What the preset says about variables that a node may leave open. */
function variablesGiven(serviceName: string, { variables }: Preset): Record<string, string> {
  const given = variables.flatMap(({ key, default: value }) =>
    value === undefined ? [] : [[key, value.replaceAll('{serviceName}', serviceName)] as const],
  );
  return Object.fromEntries(given);
}

/** The ports of a process: its own, or those of its preset. */
export function portsOf(node: TopologyNode): readonly PortPair[] {
  return node.ports ?? presetOf(node)?.ports ?? [];
}

/** The process's own check; one that says only when to ask is completed by how the preset asks, or by TCP on the first port. */
export function healthCheckOf(node: TopologyNode): HealthCheck | undefined {
  const { healthCheck, category } = node;
  if (category === 'init') return healthCheck;
  const first = portsOf(node).find((port) => port.protocol === 'TCP');
  return completed(healthCheck, presetOf(node)?.healthCheck ?? (first && { tcp: { port: first.internal } }));
}

function wayOf({ http, tcp, command }: HealthCheck): HealthCheck {
  return { ...(http && { http }), ...(tcp && { tcp }), ...(command && { command }) };
}

function completed(own: HealthCheck | undefined, by: HealthCheck | undefined): HealthCheck | undefined {
  if (own?.http ?? own?.tcp ?? own?.command) return own;
  return own || by ? { ...by, ...own } : undefined;
}

const presetOf = ({ preset }: TopologyNode): Preset | undefined => (preset === undefined ? undefined : presetNamed(preset));
