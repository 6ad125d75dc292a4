import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import type { Arrow, Topology, TopologyNode } from './topology';

/** The same topology with its lists sorted (nodes by service name, arrows by from, to) and its names in order. Positions stay. */
export function canonicalTopology(topology: Topology): Topology {
  return {
    nodes: topology.nodes.toSorted(byServiceName),
    arrows: topology.arrows.toSorted(byEnds),
    parameters: sortedRecord(topology.parameters),
    secrets: sortedRecord(topology.secrets),
  };
}

/** The settings of a node. Where it stands on the canvas is not part of what is released. */
export function withoutPosition(node: TopologyNode): Omit<TopologyNode, 'position'> {
  const { position: _, ...settings } = node;
  return settings;
}

/** SHA-256 over the canonical JSON of this value: 64 lower-case hex digits. */
export function digestOf(json: unknown): string {
  return createHash('sha256').update(canonicalJson(json)).digest('hex');
}

/** JSON as RFC 8785 writes it. Members without value are left out. @throws Error for a number that is not finite */
export function canonicalJson(value: unknown): string {
  const text = canonicalize(value);
  if (text === undefined) throw new TypeError('there is no JSON for undefined');
  return text;
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
