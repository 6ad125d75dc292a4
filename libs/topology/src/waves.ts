import type { Arrow } from './topology';

/** What the deploy order depends on. Names that occur twice are one node; arrows to missing nodes are left out. */
export interface DeployGraph {
  readonly nodes: readonly { readonly serviceName: string }[];
  readonly arrows: readonly Arrow[];
}

/** There is no order in which these nodes could deploy. */
export class CyclicTopology extends Error {
  readonly code = 'cycle';
  constructor(readonly cycles: readonly (readonly string[])[]) {
    super(cycles.map((names) => `the nodes ${quoted(names)} wait for each other in a cycle`).join('; '));
    this.name = new.target.name;
  }
}

/**
 * Waves of a topology: every node comes in the first wave after all the nodes that its arrows point at.
 *
 *     web -> api -> db,  worker -> db     gives   [[db], [api, worker], [web]]
 *
 * Names in a wave are sorted. Linear in nodes and arrows but for that sorting (Kahn 1962); no recursion, so that the depth of the
 * graph does not matter.
 * @throws CyclicTopology
 */
export function wavesOf(graph: DeployGraph): readonly (readonly string[])[] {
  const { waves, left } = peel(numbered(graph));
  if (left.length > 0) throw new CyclicTopology(cyclesOf(graph));
  return waves;
}

/**
 * Every cycle: its nodes, sorted. Nodes that are on several cycles together (a strongly connected component) are listed once;
 * a node that points at itself is a cycle of one. Empty where the topology can deploy.
 */
export function cyclesOf(graph: DeployGraph): readonly (readonly string[])[] {
  const numbers = numbered(graph);
  const { left } = peel(numbers);
  return left.length === 0 ? [] : knotsAmong(left, numbers);
}

/** Names in quotes, as messages show them; a list too long to read is cut. */
export function quoted(names: readonly string[], most = 100): string {
  const shown = names.slice(0, most).map((name) => JSON.stringify(name));
  return names.length > most ? `${shown.join(', ')} and ${names.length - most} more` : shown.join(', ');
}

/** The graph by numbers, which follow the order of the names. */
interface Numbered {
  readonly names: readonly string[];
  /** By node: the nodes that its arrows point at. */
  readonly targets: readonly (readonly number[])[];
  /** By node: the nodes whose arrows point at it. */
  readonly sources: readonly (readonly number[])[];
}

function numbered({ nodes, arrows }: DeployGraph): Numbered {
  const names = [...new Set(nodes.map((node) => node.serviceName))].sort();
  const numberOf = new Map(names.map((name, number) => [name, number]));
  const targets: number[][] = names.map(() => []);
  const sources: number[][] = names.map(() => []);
  for (const arrow of arrows) {
    const from = numberOf.get(arrow.from);
    const to = numberOf.get(arrow.to);
    if (from === undefined || to === undefined) continue;
    targets[from]!.push(to);
    sources[to]!.push(from);
  }
  return { names, targets, sources };
}

/** Takes wave after wave off the graph. `left` are the nodes on a cycle or behind one. */
function peel({ names, targets, sources }: Numbered): { waves: string[][]; left: number[] } {
  const waitingFor = targets.map((of) => of.length);
  const waves: string[][] = [];
  let wave = waitingFor.flatMap((count, node) => (count === 0 ? [node] : []));
  while (wave.length > 0) {
    waves.push(wave.map((node) => names[node]!));
    const next: number[] = [];
    for (const node of wave) for (const source of sources[node]!) if (--waitingFor[source]! === 0) next.push(source);
    wave = next.sort((a, b) => a - b);
  }
  return { waves, left: waitingFor.flatMap((count, node) => (count > 0 ? [node] : [])) };
}

/** Strongly connected components with a cycle in them (Tarjan 1972, with a stack of its own instead of recursion). */
function knotsAmong(candidates: readonly number[], { names, targets }: Numbered): string[][] {
  const UNSEEN = -1;
  const order = new Array<number>(names.length).fill(UNSEEN);
  const lowest = new Array<number>(names.length).fill(0);
  const open = new Array<boolean>(names.length).fill(false);
  const path: number[] = [];
  const knots: string[][] = [];
  let seen = 0;

  const enter = (node: number, frames: { node: number; next: number }[]) => {
    order[node] = lowest[node] = seen++;
    open[node] = true;
    path.push(node);
    frames.push({ node, next: 0 });
  };

  const leave = (node: number) => {
    if (lowest[node] !== order[node]) return;
    const members = path.splice(path.lastIndexOf(node));
    for (const member of members) open[member] = false;
    if (members.length > 1 || targets[node]!.includes(node)) {
      knots.push(members.sort((a, b) => a - b).map((member) => names[member]!));
    }
  };

  for (const root of candidates) {
    if (order[root] !== UNSEEN) continue;
    const frames: { node: number; next: number }[] = [];
    enter(root, frames);
    for (let frame = frames.at(-1); frame; frame = frames.at(-1)) {
      const { node } = frame;
      const target = targets[node]![frame.next++];
      if (target === undefined) {
        frames.pop();
        leave(node);
        const parent = frames.at(-1);
        if (parent) lowest[parent.node] = Math.min(lowest[parent.node]!, lowest[node]!);
      } else if (order[target] === UNSEEN) {
        enter(target, frames);
      } else if (open[target]) {
        lowest[node] = Math.min(lowest[node]!, order[target]!);
      }
    }
  }
  return knots.sort((a, b) => (a[0]! < b[0]! ? -1 : 1));
}
