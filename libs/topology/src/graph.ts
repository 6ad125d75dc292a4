import type { Steps } from '@souk/event-sourcing';
import type { Arrow } from './topology';

/** What the deploy order depends on. Names that occur twice are one node; arrows to missing nodes are left out. */
export interface DeployGraph {
  readonly nodes: readonly { readonly serviceName: string }[];
  readonly arrows: readonly Arrow[];
}

/** A graph by numbers: names are looked up once, and what is done with it afterwards costs next to nothing. */
export interface NumberedGraph {
  /** By number: the names of nodes, each once, and behind them those that only arrows know. */
  readonly names: readonly string[];
  /** How many numbers are nodes. */
  readonly size: number;
  /** By arrow: the number that it leads from, and the one that it points at. */
  readonly from: Int32Array;
  readonly to: Int32Array;
}

/** Arrows by the number at one of their ends: those of n are `arrows[begin[n]]` up to `arrows[begin[n + 1] - 1]`, in the order of the topology. */
export interface ArrowsByEnd {
  readonly begin: Int32Array;
  readonly arrows: Int32Array;
}

/** Arrows that are looked at in one step. */
const ARROWS_AT_ONCE = 5_000;

export function* numberedGraph({ nodes, arrows }: DeployGraph): Steps<NumberedGraph> {
  const numbers = new Map<string, number>();
  const numberOf = (name: string): number => {
    const known = numbers.get(name);
    if (known !== undefined) return known;
    numbers.set(name, numbers.size);
    return numbers.size - 1;
  };
  for (const { serviceName } of nodes) numberOf(serviceName);
  const size = numbers.size;
  const from = new Int32Array(arrows.length);
  const to = new Int32Array(arrows.length);
  for (let start = 0; start < arrows.length; start += ARROWS_AT_ONCE) {
    yield;
    for (let i = start; i < Math.min(start + ARROWS_AT_ONCE, arrows.length); i++) {
      const arrow = arrows[i]!;
      from[i] = numberOf(arrow.from);
      to[i] = numberOf(arrow.to);
    }
  }
  yield;
  return { names: [...numbers.keys()], size, from, to };
}

/** @param ends of each arrow: `from` or `to` */
export function arrowsByEnd({ names }: NumberedGraph, ends: Int32Array): ArrowsByEnd {
  const begin = new Int32Array(names.length + 1);
  for (const end of ends) begin[end + 1]!++;
  for (let i = 0; i < names.length; i++) begin[i + 1]! += begin[i]!;
  const free = begin.slice();
  const arrows = new Int32Array(ends.length);
  for (let i = 0; i < ends.length; i++) arrows[free[ends[i]!]!++] = i;
  return { begin, arrows };
}
