import { atOnce, type Steps } from '@souk/event-sourcing';
import { arrowsByEnd, type DeployGraph, numberedGraph, type NumberedGraph } from './graph';

/** There is no order in which these nodes could deploy. */
export class CyclicTopology extends Error {
  readonly code = 'cycle';
  constructor(readonly cycles: readonly (readonly string[])[]) {
    super(cycles.map((names) => `the nodes ${quoted(names)} wait for each other in a cycle`).join('; '));
    this.name = new.target.name;
  }
}

/** Lists of names, sorted each. */
type Waves = readonly (readonly string[])[];

/**
 * Waves of a topology: every node comes in the first wave after all the nodes that its arrows point at.
 *
 *     web -> api -> db,  worker -> db     gives   [[db], [api, worker], [web]]
 *
 * Names in a wave are sorted. Linear in nodes and arrows but for that sorting (Kahn 1962); no recursion, so that the depth of the
 * graph does not matter.
 * @throws CyclicTopology
 */
export function wavesOf(graph: DeployGraph): Waves {
  return atOnce(waveSteps(graph));
}

/** As {@link wavesOf}, in steps of some milliseconds: for who has others waiting. */
export function* waveSteps(graph: DeployGraph): Steps<Waves> {
  const numbered = yield* numberedGraph(graph);
  const { waves, left } = peel(numbered);
  if (left.length > 0) throw new CyclicTopology(knotsAmong(left, numbered));
  const named: string[][] = [];
  for (const wave of waves) {
    yield;
    named.push(wave.map((node) => numbered.names[node]!).sort());
  }
  return named;
}

/**
 * Every cycle: its nodes, sorted. Nodes that are on several cycles together (a strongly connected component) are listed once;
 * a node that points at itself is a cycle of one. Empty where the topology can deploy.
 */
export function cyclesOf(graph: DeployGraph): Waves {
  return cyclesIn(atOnce(numberedGraph(graph)));
}

/** As {@link cyclesOf}. */
export function cyclesIn(graph: NumberedGraph): Waves {
  const { left } = peel(graph);
  return left.length === 0 ? [] : knotsAmong(left, graph);
}

/** Names in quotes, as messages show them; a list too long to read is cut. */
export function quoted(names: readonly string[], most = 100): string {
  const shown = names.slice(0, most).map((name) => JSON.stringify(name));
  return names.length > most ? `${shown.join(', ')} and ${names.length - most} more` : shown.join(', ');
}

/** Takes wave after wave off the graph. `left` are the nodes on a cycle or behind one. */
function peel(graph: NumberedGraph): { waves: number[][]; left: number[] } {
  const { size, from, to } = graph;
  const { begin, arrows } = arrowsByEnd(graph, to);
  const waitingFor = new Int32Array(size);
  for (let i = 0; i < from.length; i++) if (from[i]! < size && to[i]! < size) waitingFor[from[i]!]!++;
  const waves: number[][] = [];
  let wave: number[] = [];
  for (let node = 0; node < size; node++) if (waitingFor[node] === 0) wave.push(node);
  let taken = 0;
  while (wave.length > 0) {
    waves.push(wave);
    taken += wave.length;
    const next: number[] = [];
    for (const node of wave) {
      for (let i = begin[node]!; i < begin[node + 1]!; i++) {
        const source = from[arrows[i]!]!;
        if (source < size && --waitingFor[source]! === 0) next.push(source);
      }
    }
    wave = next;
  }
  const left: number[] = [];
  if (taken < size) for (let node = 0; node < size; node++) if (waitingFor[node]! > 0) left.push(node);
  return { waves, left };
}

/** Strongly connected components with a cycle in them (Tarjan 1972, with a stack of its own instead of recursion). */
function knotsAmong(candidates: readonly number[], graph: NumberedGraph): string[][] {
  const { names, size, from, to } = graph;
  const { begin, arrows } = arrowsByEnd(graph, from);
  const UNSEEN = -1;
  const order = new Int32Array(size).fill(UNSEEN);
  const lowest = new Int32Array(size);
  const open = new Uint8Array(size);
  const pointsAtItself = new Uint8Array(size);
  const path: number[] = [];
  const knots: string[][] = [];
  let seen = 0;

  const enter = (node: number, frames: { node: number; next: number }[]) => {
    order[node] = lowest[node] = seen++;
    open[node] = 1;
    path.push(node);
    frames.push({ node, next: begin[node]! });
  };

  const leave = (node: number) => {
    if (lowest[node] !== order[node]) return;
    const members = path.splice(path.lastIndexOf(node));
    for (const member of members) open[member] = 0;
    if (members.length > 1 || pointsAtItself[node]) knots.push(members.map((member) => names[member]!).sort());
  };

  for (const root of candidates) {
    if (order[root] !== UNSEEN) continue;
    const frames: { node: number; next: number }[] = [];
    enter(root, frames);
    for (let frame = frames.at(-1); frame; frame = frames.at(-1)) {
      const { node } = frame;
      if (frame.next === begin[node + 1]) {
        frames.pop();
        leave(node);
        const parent = frames.at(-1);
        if (parent) lowest[parent.node] = Math.min(lowest[parent.node]!, lowest[node]!);
        continue;
      }
      const target = to[arrows[frame.next++]!]!;
      if (target === node) pointsAtItself[node] = 1;
      if (target >= size) continue;
      if (order[target] === UNSEEN) enter(target, frames);
      else if (open[target]) lowest[node] = Math.min(lowest[node]!, order[target]!);
    }
  }
  return knots.sort((a, b) => (a[0]! < b[0]! ? -1 : 1));
}
