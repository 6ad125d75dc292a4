import type { Problem } from '@souk/event-sourcing';
import { parseImage } from './image-reference';
import { presetNamed } from './presets/catalogue';
import type { Topology, TopologyNode } from './topology';
import { hostPortsOf } from './validate-ports';

/**
 * What may be meant, and should be looked at: it stands in nobody's way. Codes: `node-local-state`, `host-port-replicas`, `image-unpinned`,
 * `user-is-root`, `logs-not-collected`. Of the same shape as problems; linear in the size of the topology.
 */
export function warningsOf({ nodes }: Pick<Topology, 'nodes'>): readonly Problem[] {
  return nodes.flatMap((node, index) => (node.category === 'cloud' ? [] : processWarnings(node, `/nodes/${index}`)));
}

function processWarnings(node: TopologyNode, at: string): Problem[] {
  const { replicas = 1, image, userId, category, logDirectory } = node;
  const warnings: Problem[] = [];
  const say = (code: string, field: string, message: string) => warnings.push({ code, pointer: `${at}/${field}`, message });
  if (replicas > 1) for (const state of statesOf(node)) say('node-local-state', 'replicas', state);
  const [port] = replicas > 1 ? hostPortsOf(node) : [];
  if (port !== undefined)
    say(
      'host-port-replicas',
      'replicas',
      `each replica takes the port ${port} of its host, so ${replicas} of them need ${replicas} hosts`,
    );
  // Those of presets have a tag.
  const parsed = image === undefined ? undefined : parseImage(image);
  if (parsed && parsed.digest === undefined && (parsed.tag === undefined || parsed.tag === 'latest'))
    say('image-unpinned', 'image', `"${image}" may be another image tomorrow: name a tag of a version, or a digest`);
  if (userId === 0) say('user-is-root', 'userId', 'the process runs as root');
  if (category === 'init' && logDirectory !== undefined)
    say(
      'logs-not-collected',
      'logDirectory',
      'the pod of an init node ends with its process, and what it has written to files with it: let it print',
    );
  return warnings;
}

/** What a replica has for itself (F22): something of its host, or the data of a process that shares them with nobody. */
function statesOf({ replicas, hostPaths = [], preset }: TopologyNode): string[] {
  const dataPath = preset === undefined ? undefined : presetNamed(preset)?.dataPath;
  return [
    ...hostPaths
      .slice(0, 1)
      .map(({ hostPath }) => `each of the ${replicas} replicas sees the ${JSON.stringify(hostPath)} of its own host`),
    ...(dataPath === undefined
      ? []
      : [`state is not replicated: ${replicas} replicas do not share what "${preset}" keeps in "${dataPath}"`]),
  ];
}
