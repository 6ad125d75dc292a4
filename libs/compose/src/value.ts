import { below, type Report } from './finding';

/** What a document consists of. Mappings keep the order in which they are written, and any name. */
export type Value = string | number | boolean | null | Entries | Mapping;
export type Entries = readonly Value[];
export type Mapping = ReadonlyMap<string, Value>;

export type Handler = (value: Value, at: string) => void;

export const isList = (value: Value): value is Entries => Array.isArray(value);
export const isMapping = (value: Value): value is Mapping => value instanceof Map;

/** A scalar as a text; nothing for null, lists and mappings. */
export function textOf(value: Value | undefined): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
}

/** Extensions of the specification: for other tools, by agreement without meaning here. */
export const isExtension = (key: string): boolean => key.startsWith('x-');

/** The members of a mapping, each to its handler; a member that has none, and anything but a mapping, is reported. */
export function eachMember(value: Value, at: string, report: Report, handlers: Readonly<Record<string, Handler>>): void {
  if (!isMapping(value)) {
    wrongShape(value, at, 'a mapping', report);
    return;
  }
  if (value.size === 0) report.empty(at);
  for (const [key, member] of value) {
    if (isExtension(key)) continue;
    if (Object.hasOwn(handlers, key)) handlers[key]!(member, below(at, key));
    else report.noEquivalent(below(at, key), 'unknown-key', `nothing is known of ${JSON.stringify(key)} here, so it is left out`);
  }
}

/** The entries of a list; anything else is reported. A single scalar is a list of one where `orText` says so. */
export function eachEntry(value: Value, at: string, report: Report, handle: Handler, orText = false): void {
  if (isList(value)) {
    if (value.length === 0) report.empty(at);
    for (const [index, entry] of value.entries()) handle(entry, below(at, index));
    return;
  }
  if (orText && textOf(value) !== undefined) handle(value, at);
  else wrongShape(value, at, 'a list', report);
}

/** A scalar to whoever wants it as text; anything else is reported. */
export function withText(value: Value, at: string, report: Report, handle: (text: string) => void): void {
  const text = textOf(value);
  if (text === undefined) wrongShape(value, at, 'a text', report);
  else handle(text);
}

export function isTrue(value: Value): boolean {
  return value === true || (typeof value === 'string' && /^(?:true|yes|on)$/i.test(value));
}

export function wrongShape(value: Value, at: string, expected: string, report: Report): void {
  report.problem(at, 'wrong-shape', `${shapeOf(value)} stands where ${expected} belongs, so it is left out`);
}

function shapeOf(value: Value): string {
  if (value === null) return 'nothing';
  if (isList(value)) return 'a list';
  return isMapping(value) ? 'a mapping' : `a ${typeof value === 'string' ? 'text' : typeof value}`;
}
