import { assertNever, atOnce, MAX_EVENT_BYTES, pointerSegment, type Problem, type Steps } from '@souk/event-sourcing';
import {
  type Arrow,
  emptyTopology,
  type Parameter,
  type SecretDeclaration,
  secretLiterals,
  structuralProblems,
  structureSteps,
  type Topology,
  type TopologyNode,
} from '@souk/topology';
import { NodeUnknown, TopologyInvalid } from './configuration.errors';
import type { DrawingEvent } from './configuration.events';
import { factsBetween } from './drawing';

/** One change to one part of a topology. Removing what is not there, and drawing what is, says nothing new. */
export type Edit =
  /** Adds the node, or changes its settings. Without a position it stays where it is. */
  | { readonly type: 'put-node'; readonly node: TopologyNode }
  /** With the arrows from it and to it. */
  | { readonly type: 'remove-node'; readonly serviceName: string }
  | { readonly type: 'move-node'; readonly serviceName: string; readonly position: { readonly x: number; readonly y: number } }
  | { readonly type: 'draw-arrow'; readonly arrow: Arrow }
  | { readonly type: 'erase-arrow'; readonly arrow: Arrow }
  | { readonly type: 'declare-parameter'; readonly name: string; readonly parameter: Parameter }
  | { readonly type: 'remove-parameter'; readonly name: string }
  | { readonly type: 'declare-secret'; readonly name: string; readonly secret: SecretDeclaration }
  | { readonly type: 'remove-secret'; readonly name: string };

/** Bytes of JSON of a whole topology; a node travels in one event, beside its metadata. */
export const MAX_TOPOLOGY_BYTES = 4 * 1024 * 1024;
const MAX_NODE_BYTES = MAX_EVENT_BYTES - 32 * 1024;

/** How many of each a topology may have. */
export const most = { nodes: 10_000, arrows: 50_000, parameters: 1000, secrets: 1000 } as const;

/** Everything that not even a draft may have: what makes no graph, what is too large, and secrets that are written down. */
export function refusals(topology: Topology): readonly Problem[] {
  return atOnce(refusalSteps(topology));
}

/** As {@link refusals}, in steps. Whoever asks for them again has them at once. */
export function* refusalSteps(topology: Topology): Steps<readonly Problem[]> {
  const known = refused.get(topology);
  if (known) return known;
  const structural = yield* structureSteps(topology);
  yield;
  const literals = secretLiterals(topology);
  yield;
  const problems = [...structural, ...literals, ...oversizedNodes(topology)];
  refused.set(topology, problems);
  return problems;
}

const refused = new WeakMap<Topology, readonly Problem[]>();

/** The parts that an edit leaves as they are, weighed beforehand and one by one: see {@link bytesOf}. */
export function* weighingSteps({ nodes, arrows }: Topology): Steps<void> {
  for (const part of [nodes, arrows]) {
    yield;
    bytesOf(part);
  }
}

/**
 * The facts that an edit is, on top of a topology without refusals. Looks at what the edit could break and at no more.
 * @throws TopologyInvalid with pointers into the part that was given; NodeUnknown
 */
export function factsOf(edit: Edit, topology: Topology): readonly DrawingEvent[] {
  switch (edit.type) {
    case 'put-node':
      return putNode(edit.node, topology);
    case 'remove-node':
      return removeNode(edit.serviceName, topology);
    case 'move-node':
      return moveNode(edit, topology);
    case 'draw-arrow':
      return drawArrow(edit.arrow, topology);
    case 'erase-arrow':
      return has(topology.arrows, edit.arrow) ? [{ type: 'ArrowErased', data: edit.arrow }] : [];
    case 'declare-parameter':
      return declareParameter(edit, topology);
    case 'remove-parameter':
      return removeParameter(edit.name, topology);
    case 'declare-secret': {
      const secrets = { ...topology.secrets, [edit.name]: edit.secret };
      return within(
        { ...topology, secrets },
        factsBetween({ ...emptyTopology, secrets: topology.secrets }, { ...emptyTopology, secrets }),
      );
    }
    case 'remove-secret':
      return Object.hasOwn(topology.secrets, edit.name) ? [{ type: 'SecretRemoved', data: { name: edit.name } }] : [];
    default:
      return assertNever(edit);
  }
}

function putNode(given: TopologyNode, topology: Topology): readonly DrawingEvent[] {
  const before = nodeNamed(given.serviceName, topology);
  const node: TopologyNode = before?.position ? { position: before.position, ...given } : given;
  refuse(refusals({ ...emptyTopology, nodes: [node], parameters: topology.parameters }), '/nodes/0');
  const facts = factsBetween(only(before), only(node));
  return within({ ...topology, nodes: [...topology.nodes.filter((other) => other !== before), node] }, facts);
}

function removeNode(serviceName: string, topology: Topology): readonly DrawingEvent[] {
  if (!nodeNamed(serviceName, topology)) return [];
  const arrows = topology.arrows.filter(({ from, to }) => from === serviceName || to === serviceName);
  return [
    ...arrows.map((arrow): DrawingEvent => ({ type: 'ArrowErased', data: arrow })),
    { type: 'NodeRemoved', data: { serviceName } },
  ];
}

function moveNode({ serviceName, position }: Extract<Edit, { type: 'move-node' }>, topology: Topology): readonly DrawingEvent[] {
  const node = nodeNamed(serviceName, topology);
  if (!node) throw new NodeUnknown(serviceName);
  return factsBetween(only(node), only({ ...node, position }));
}

/** The topology has no problems without the arrow, so all that it has with it are the arrow's. */
function drawArrow(arrow: Arrow, topology: Topology): readonly DrawingEvent[] {
  const { arrows } = topology;
  const { from, to } = arrow;
  if (has(arrows, arrow)) return [];
  const known = nodeNamed(from, topology) && nodeNamed(to, topology);
  if (!known || from === to || leads(to, from, arrows))
    refuse(structuralProblems({ ...topology, arrows: [...arrows, arrow] }), `/arrows/${arrows.length}`);
  refuse(tooMany({ arrows: arrows.length + 1 }));
  return [{ type: 'ArrowDrawn', data: arrow }];
}

/** Whether arrows lead from one node to another. */
function leads(from: string, to: string, arrows: readonly Arrow[]): boolean {
  const targets = new Map<string, string[]>();
  for (const arrow of arrows) {
    const known = targets.get(arrow.from);
    if (known) known.push(arrow.to);
    else targets.set(arrow.from, [arrow.to]);
  }
  const seen = new Set([from]);
  const open = [from];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    if (at === to) return true;
    for (const next of targets.get(at) ?? []) {
      if (seen.has(next)) continue;
      seen.add(next);
      open.push(next);
    }
  }
  return false;
}

function declareParameter(
  { name, parameter }: Extract<Edit, { type: 'declare-parameter' }>,
  topology: Topology,
): readonly DrawingEvent[] {
  const parameters = { ...topology.parameters, [name]: parameter };
  const after = { ...topology, parameters };
  refuse(secretLiterals(after), `/parameters/${pointerSegment(name)}`);
  const facts = factsBetween({ ...emptyTopology, parameters: topology.parameters }, { ...emptyTopology, parameters });
  return within(after, facts);
}

/** A variable that has to be secret may refer to it. */
function removeParameter(name: string, topology: Topology): readonly DrawingEvent[] {
  if (!Object.hasOwn(topology.parameters, name)) return [];
  const parameters = Object.fromEntries(Object.entries(topology.parameters).filter(([other]) => other !== name));
  refuse(secretLiterals({ ...topology, parameters }));
  return [{ type: 'ParameterRemoved', data: { name } }];
}

/** The facts, unless the topology would become too large by them. */
function within(after: Topology, facts: readonly DrawingEvent[]): readonly DrawingEvent[] {
  if (facts.length === 0) return facts;
  const { nodes, arrows, parameters, secrets } = after;
  refuse(tooMany({ nodes: nodes.length, parameters: Object.keys(parameters).length, secrets: Object.keys(secrets).length }));
  const parts = { nodes, arrows, parameters, secrets };
  const bytes = Object.entries(parts).reduce((sum, [name, part]) => sum + name.length + 4 + bytesOf(part), 1);
  if (bytes <= MAX_TOPOLOGY_BYTES) return facts;
  const message = `the topology would have ${bytes} bytes of JSON, at most ${MAX_TOPOLOGY_BYTES} are allowed`;
  throw new TopologyInvalid([{ code: 'topology-too-large', pointer: '', message }]);
}

/** Bytes of JSON of a part of a topology. The arrows of a large one take some milliseconds, and most edits do not change them. */
function bytesOf(part: object): number {
  const known = weighed.get(part);
  if (known !== undefined) return known;
  const bytes = Buffer.byteLength(JSON.stringify(part));
  weighed.set(part, bytes);
  return bytes;
}

const weighed = new WeakMap<object, number>();

function tooMany(counts: Partial<Readonly<Record<keyof typeof most, number>>>): Problem[] {
  return (['nodes', 'arrows', 'parameters', 'secrets'] as const)
    .filter((part) => (counts[part] ?? 0) > most[part])
    .map((part) => ({ code: 'too-many', pointer: '', message: `a topology has at most ${most[part]} ${part}` }));
}

/** @param part pointer of what was given, which pointers of problems are relative to then */
function refuse(problems: readonly Problem[], part = ''): void {
  if (problems.length === 0) return;
  throw new TopologyInvalid(
    problems.map((problem) =>
      problem.pointer.startsWith(part) ? { ...problem, pointer: problem.pointer.slice(part.length) } : problem,
    ),
  );
}

function oversizedNodes({ nodes }: Topology): Problem[] {
  return nodes.flatMap((node, index) => {
    const bytes = Buffer.byteLength(JSON.stringify(node));
    if (bytes <= MAX_NODE_BYTES) return [];
    const message = `the node "${node.serviceName}" has ${bytes} bytes of JSON, at most ${MAX_NODE_BYTES} are allowed`;
    return [{ code: 'node-too-large', pointer: `/nodes/${index}`, message }];
  });
}

const nodeNamed = (name: string, { nodes }: Topology): TopologyNode | undefined =>
  nodes.find(({ serviceName }) => serviceName === name);

const has = (arrows: readonly Arrow[], { from, to }: Arrow): boolean =>
  arrows.some((arrow) => arrow.from === from && arrow.to === to);

const only = (node: TopologyNode | undefined): Topology => ({ ...emptyTopology, nodes: node ? [node] : [] });
