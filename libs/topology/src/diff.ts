import { atOnce, pointerSegment, type Steps } from '@souk/event-sourcing';
import { canonicalJson } from './canonical';
import type { Arrow, Parameter, SecretDeclaration, Topology, TopologyNode } from './topology';

/** One field that differs. `pointer` is an RFC 6901 pointer into the node; a side that has no such field is absent. */
export interface FieldChange {
  readonly pointer: string;
  readonly before?: unknown;
  readonly after?: unknown;
}

export interface NodeChange {
  readonly serviceName: string;
  readonly before: TopologyNode;
  readonly after: TopologyNode;
  /** What differs, positions aside. */
  readonly fields: readonly FieldChange[];
}

export interface NodeMove {
  readonly serviceName: string;
  /** Absent: taken off the canvas. */
  readonly position?: { readonly x: number; readonly y: number };
}

/** What leads from one set of declarations to another, by name. */
export interface DeclarationDifference<T> {
  /** New, or declared otherwise than before. */
  readonly declared: readonly { readonly name: string; readonly value: T; readonly before?: T }[];
  readonly removed: readonly string[];
}

/** What leads from one topology to another. Nodes are the same node when they have the same service name. */
export interface TopologyDifference {
  readonly nodes: {
    readonly added: readonly TopologyNode[];
    readonly changed: readonly NodeChange[];
    readonly moved: readonly NodeMove[];
    readonly removed: readonly string[];
  };
  readonly arrows: { readonly drawn: readonly Arrow[]; readonly erased: readonly Arrow[] };
  readonly parameters: DeclarationDifference<Parameter>;
  readonly secrets: DeclarationDifference<SecretDeclaration>;
}

/** Linear in the size of both. The order of lists that are sets (nodes, arrows) is no difference. */
export function diffTopologies(before: Topology, after: Topology): TopologyDifference {
  return atOnce(differingSteps(before, after));
}

/** As {@link diffTopologies}, in steps of some milliseconds: for who has others waiting. */
export function* differingSteps(before: Topology, after: Topology): Steps<TopologyDifference> {
  const drawn = arrowsMissingIn(before.arrows, after.arrows);
  yield;
  const erased = arrowsMissingIn(after.arrows, before.arrows);
  yield;
  const nodes = yield* diffNodes(before.nodes, after.nodes);
  return {
    nodes,
    arrows: { drawn, erased },
    parameters: diffDeclarations(before.parameters, after.parameters),
    secrets: diffDeclarations(before.secrets, after.secrets),
  };
}

/** Nothing differs; positions count. */
export function isSameTopology({ nodes, arrows, parameters, secrets }: TopologyDifference): boolean {
  return [
    nodes.added,
    nodes.changed,
    nodes.moved,
    nodes.removed,
    arrows.drawn,
    arrows.erased,
    parameters.declared,
    parameters.removed,
    secrets.declared,
    secrets.removed,
  ].every((list) => list.length === 0);
}

function* diffNodes(before: readonly TopologyNode[], after: readonly TopologyNode[]): Steps<TopologyDifference['nodes']> {
  const old = new Map(before.map((node) => [node.serviceName, node]));
  const kept = new Set<string>();
  const added: TopologyNode[] = [];
  const changed: NodeChange[] = [];
  const moved: NodeMove[] = [];
  for (const node of after) {
    yield;
    const { serviceName } = node;
    const earlier = old.get(serviceName);
    kept.add(serviceName);
    if (!earlier) {
      added.push(node);
      continue;
    }
    const fields = settingsChanges(earlier, node);
    if (fields.length > 0) changed.push({ serviceName, before: earlier, after: node, fields });
    if (earlier.position?.x !== node.position?.x || earlier.position?.y !== node.position?.y) {
      moved.push({ serviceName, ...(node.position && { position: node.position }) });
    }
  }
  return { added, changed, moved, removed: [...old.keys()].filter((name) => !kept.has(name)) };
}

/** Without copies of both: most nodes are as they were. */
function settingsChanges(before: TopologyNode, after: TopologyNode): readonly FieldChange[] {
  if (before === after) return [];
  return fieldChanges(before, after).filter(({ pointer }) => pointer !== '/position' && !pointer.startsWith('/position/'));
}

/** Those of `arrows` that are not among `known`. By nested sets: building one text for each arrow is what would take the time. */
function arrowsMissingIn(known: readonly Arrow[], arrows: readonly Arrow[]): readonly Arrow[] {
  const targets = new Map<string, Set<string>>();
  for (const { from, to } of known) {
    const of = targets.get(from);
    if (of) of.add(to);
    else targets.set(from, new Set([to]));
  }
  return arrows.filter(({ from, to }) => !targets.get(from)?.has(to));
}

function diffDeclarations<T extends object>(
  before: Readonly<Record<string, T>>,
  after: Readonly<Record<string, T>>,
): DeclarationDifference<T> {
  const old = new Map(Object.entries(before));
  const current = new Map(Object.entries(after));
  const declared = [...current].flatMap(([name, value]) => {
    const earlier = old.get(name);
    if (earlier === undefined) return [{ name, value }];
    return canonicalJson(earlier) === canonicalJson(value) ? [] : [{ name, value, before: earlier }];
  });
  return { declared, removed: [...old.keys()].filter((name) => !current.has(name)) };
}

/** Field by field, down to values that are no objects; elements of lists go by their index. */
export function fieldChanges(before: unknown, after: unknown, pointer = ''): readonly FieldChange[] {
  if (before === after) return [];
  if (!isContainer(before) || !isContainer(after) || Array.isArray(before) !== Array.isArray(after)) {
    return [{ pointer, ...(before !== undefined && { before }), ...(after !== undefined && { after }) }];
  }
  const old = before as Readonly<Record<string, unknown>>;
  const current = after as Readonly<Record<string, unknown>>;
  const keys = Object.keys(old).concat(Object.keys(current).filter((key) => !Object.hasOwn(old, key)));
  return keys.flatMap((key) => {
    // Own members only: a variable may be called "__proto__" or "constructor".
    const earlier = Object.hasOwn(old, key) ? old[key] : undefined;
    const later = Object.hasOwn(current, key) ? current[key] : undefined;
    return earlier === later ? [] : fieldChanges(earlier, later, `${pointer}/${pointerSegment(key)}`);
  });
}

function isContainer(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
