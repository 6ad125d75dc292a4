import { hash } from 'node:crypto';
import type { Steps } from '@souk/event-sourcing';
import { CanonicalWriter } from './canonical-writer';
import type { Arrow, Topology, TopologyNode } from './topology';

/** The same topology with its lists sorted (nodes by service name, arrows by from, to) and its names in order. Positions stay. */
export function canonicalTopology(topology: Topology): Topology {
  return {
    nodes: sortedNodes(topology.nodes),
    arrows: topology.arrows.toSorted(byEnds),
    parameters: sortedRecord(topology.parameters),
    secrets: sortedRecord(topology.secrets),
  };
}

export const sortedNodes = (nodes: readonly TopologyNode[]): TopologyNode[] => nodes.toSorted(byServiceName);

/** The settings of a node. Where it stands on the canvas is not part of what is released. */
export function withoutPosition(node: TopologyNode): Omit<TopologyNode, 'position'> {
  const { position: _, ...settings } = node;
  return settings;
}

/** SHA-256 over the canonical JSON of this value: 64 lower-case hex digits. */
export function digestOf(json: unknown): string {
  return written(json, (bytes) => hash('sha256', bytes));
}

/** As {@link digestOf}, in steps: for a document with thousands of nodes. */
export function* digestSteps(json: unknown): Steps<string> {
  const writer = new CanonicalWriter();
  yield* writer.writing(json);
  yield;
  return hash('sha256', writer.bytes);
}

/**
 * JSON as RFC 8785 writes it. Members without value are left out.
 * @throws Error for a number that is not finite
 */
export function canonicalJson(value: unknown): string {
  return written(value, (bytes) => bytes.toString('utf8'));
}

/** Bytes of memory that are kept between two writings. */
const KEPT = 1024 * 1024;
let spare: CanonicalWriter | undefined;

/** Takes the writer out while it writes: a value may have a form of its own that asks for a digest. */
function written<T>(value: unknown, read: (bytes: Buffer) => T): T {
  const writer = spare ?? new CanonicalWriter();
  spare = undefined;
  writer.write(value);
  const result = read(writer.bytes);
  if (writer.capacity <= KEPT) spare = writer;
  return result;
}

const byServiceName = (a: TopologyNode, b: TopologyNode): number => compare(a.serviceName, b.serviceName);

const byEnds = (a: Arrow, b: Arrow): number => compare(a.from, b.from) || compare(a.to, b.to);

const byKey = (a: readonly [string, unknown], b: readonly [string, unknown]): number => compare(a[0], b[0]);

function sortedRecord<T>(record: Readonly<Record<string, T>>): Readonly<Record<string, T>> {
  return Object.fromEntries(Object.entries(record).sort(byKey));
}

/** By UTF-16 code units: the same on every machine, whatever its locale. */
function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
