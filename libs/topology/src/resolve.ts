import { canonicalTopology, withoutPosition } from './canonical';
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

/** The nodes that run on the cluster. */
export const processesOf = ({ nodes }: ResolvedTopology): ResolvedProcess[] => nodes.filter(isProcess);

/** Every node resolved, lists sorted. For a topology without problems; of another one it makes what it can. */
export function resolveTopology(topology: Topology): ResolvedTopology {
  const { nodes, ...rest } = canonicalTopology(topology);
  return { ...rest, nodes: nodes.map(resolveNode) };
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
  const preset = node.preset === undefined ? undefined : presetNamed(node.preset);
  const ports = node.ports ?? preset?.ports ?? [];
  const userId = node.userId ?? userOf(preset, node.image);
  const healthCheck = node.category === 'init' ? node.healthCheck : healthCheckOf(node.healthCheck, preset?.healthCheck, ports);
  const args = node.args ?? preset?.args;
  const { cloud: _, ...settings } = withoutPosition(node);
  return {
    ...settings,
    category: node.category,
    image: node.image ?? preset?.image ?? '',
    cpu: node.cpu ?? preset?.cpu ?? defaultCpu,
    memory: node.memory ?? preset?.memory ?? defaultMemory,
    replicas: node.replicas ?? 1,
    env: { ...variablesGiven(node.serviceName, preset), ...node.env },
    ports,
    serviceType: node.serviceType ?? 'ClusterIP',
    ...(args && { args }),
    ...(userId !== undefined && { userId }),
    ...(healthCheck && { healthCheck }),
  };
}

/** What is known about the user of an image is known about that repository: one that is built otherwise may have no such user. */
function userOf(preset: Preset | undefined, image: string | undefined): number | undefined {
  if (preset?.userId === undefined || image === undefined) return preset?.userId;
  const [own, usual] = [parseImage(image), parseImage(preset.image)];
  return own?.registry === usual?.registry && own?.repository === usual?.repository ? preset.userId : undefined;
}

/** What the preset says about variables that a node may leave open. */
function variablesGiven(serviceName: string, preset: Preset | undefined): Readonly<Record<string, string>> {
  const given = (preset?.variables ?? []).flatMap(({ key, default: value }) =>
    value === undefined ? [] : [[key, value.replaceAll('{serviceName}', serviceName)] as const],
  );
  return Object.fromEntries(given);
}

/** The node's own check; one that says only when to ask is completed by how the preset asks, or by TCP on the first port. */
function healthCheckOf(
  own: HealthCheck | undefined,
  preset: HealthCheck | undefined,
  ports: readonly PortPair[],
): HealthCheck | undefined {
  if (own?.http ?? own?.tcp ?? own?.command) return own;
  const first = ports.find((port) => port.protocol === 'TCP');
  const how = preset ?? (first && { tcp: { port: first.internal } });
  return own || how ? { ...how, ...own } : undefined;
}
