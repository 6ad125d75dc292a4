import { hash } from 'node:crypto';
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
  return hash('sha256', canonicalJson(json));
}

/**
 * JSON as RFC 8785 writes it. Members without value are left out. Rendering an instance spends most of its time here, a digest for each object, hence
 * no library: those that exist write each name as a value of its own.
 * @throws Error for a number that is not finite
 */
export function canonicalJson(value: unknown): string {
  const text = written(value);
  if (text === undefined) throw new TypeError('there is no JSON for undefined');
  return text;
}

function written(value: unknown): string | undefined {
  if (typeof value === 'string') return quotedText(value);
  if (typeof value === 'number' && !Number.isFinite(value)) throw new TypeError(`there is no JSON for ${value}`);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (hasForm(value)) return written(value.toJSON());
  if (Array.isArray(value)) return `[${value.map((entry) => written(entry) ?? 'null').join(',')}]`;
  let members = '';
  for (const key of Object.keys(value).sort()) {
    const member = written((value as Record<string, unknown>)[key]);
    if (member !== undefined) members += `${members === '' ? '' : ','}${quotedText(key)}:${member}`;
  }
  return `{${members}}`;
}

function hasForm(value: object): value is { toJSON: () => unknown } {
  return 'toJSON' in value && typeof value.toJSON === 'function';
}

const plain = /^[ !#-[\]-~]*$/;

/** Most texts need no escapes. */
function quotedText(text: string): string {
  return plain.test(text) ? `"${text}"` : JSON.stringify(text);
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
