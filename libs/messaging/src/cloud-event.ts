import { createRequire } from 'node:module';
import { jsonPointer, MAX_EVENT_BYTES, type Problem, type RecordedEvent } from '@souk/event-sourcing';
import type { PublicEvent, Publication } from './event-bus.port';

/**
 * The public form of a private event, or `undefined` where the service does not tell it.
 * @throws Error when the mapping answers a type that is not of its service: `<service>.<fact>.v<version>`
 */
export function toPublicEvent(publication: Publication, event: RecordedEvent): PublicEvent | undefined {
  if (!Object.hasOwn(publication.on, event.type)) return undefined;
  const fact = publication.on[event.type]!(event as never);
  if (!fact) return undefined;
  if (!isTypeOf(publication.service, fact.type))
    throw new Error(`"${event.type}" became "${fact.type}", which is not of the form "${publication.service}.<fact>.v<version>"`);
  return {
    specversion: '1.0',
    id: event.id,
    source: `/souk/${publication.service}`,
    type: fact.type,
    subject: event.stream,
    time: event.recordedAt,
    datacontenttype: 'application/json',
    data: fact.data,
    soukposition: event.position,
    soukrevision: event.revision,
    soukmetadata: event.metadata,
  };
}

/** `release` of `release.version-released.v1`. */
export function serviceOf(publicType: string): string {
  return publicType.slice(0, publicType.indexOf('.'));
}

function isTypeOf(service: string, publicType: string): boolean {
  return publicType.startsWith(`${service}.`) && /^[a-z0-9-]+\.v[1-9][0-9]*$/.test(publicType.slice(service.length + 1));
}

/** A CloudEvent from outside, as its sender wrote it. `data` is whatever JSON it was: check it before use. */
export interface ForeignEvent {
  readonly specversion: '1.0';
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly subject?: string;
  /** RFC 3339. */
  readonly time?: string;
  readonly datacontenttype?: string;
  readonly dataschema?: string;
  /** The `sequence` extension, type Integer: the number of this event among those of its source or subject. */
  readonly sequence?: number;
  readonly data?: unknown;
  /** Every other extension attribute. */
  readonly extensions: Readonly<Record<string, string | number | boolean>>;
}

export type ParsedCloudEvent =
  | { readonly event: ForeignEvent; readonly problems?: never }
  /** Everything that is wrong with it; at least one. */
  | { readonly event?: never; readonly problems: readonly Problem[] };

export interface ParseCloudEventOptions {
  /** Optional attributes and extensions that this receiver cannot do without: `['subject', 'sequence']`. */
  readonly required?: readonly string[];
}

/**
 * One CloudEvent in structured mode with JSON data, CloudEvents 1.0.2 (`application/cloudevents+json`).
 * The extension `sequence` is taken as a whole number ≥ 0, written as a string of digits (as its specification has it) or as a JSON number.
 * @param json the text, or what it was parsed to
 */
export function parseCloudEvent(json: unknown, { required = [] }: ParseCloudEventOptions = {}): ParsedCloudEvent {
  if (typeof json === 'string' && Buffer.byteLength(json) > MAX_EVENT_BYTES)
    return refuse('too-large', '', `the event has ${Buffer.byteLength(json)} bytes, the limit is ${MAX_EVENT_BYTES}`);
  const candidate = typeof json === 'string' ? parseJson(json) : json;
  if (!isObject(candidate)) return refuse('not-a-cloud-event', '', 'the body is not one JSON object');

  const { sequence, data, ...attributes } = candidate;
  const problems = [...attributeProblems(attributes), ...missingProblems(candidate, required), ...sequenceProblems(sequence)];
  if (problems.length === 0) problems.push(...schemaProblems(attributes));
  if (problems.length > 0) return { problems };
  return { event: foreignEvent(attributes, sequence, data) };
}

const requiredStrings = ['id', 'source', 'type', 'specversion'];
const optionalStrings = ['subject', 'time', 'datacontenttype', 'dataschema'];

function attributeProblems(attributes: Record<string, unknown>): Problem[] {
  const problems: Problem[] = [];
  for (const name of requiredStrings)
    if (!Object.hasOwn(attributes, name)) problems.push(problem('missing-attribute', name, `the attribute "${name}" is missing`));
  for (const [name, value] of Object.entries(attributes)) {
    if (name === 'data_base64') problems.push(problem('unsupported-data', name, 'binary data is not taken; send JSON in "data"'));
    else if (name === 'schemaurl')
      problems.push(problem('invalid-attribute', name, '"schemaurl" is of version 0.3; it is "dataschema" now'));
    else if (!/^[a-z0-9]+$/.test(name))
      problems.push(problem('invalid-attribute', name, `"${name}" is not made of lower-case letters and digits alone`));
    else if (requiredStrings.includes(name) || optionalStrings.includes(name)) {
      if (typeof value !== 'string' || value === '')
        problems.push(problem('invalid-attribute', name, `"${name}" must be text, and not empty`));
    } else if (!isExtensionValue(value))
      problems.push(
        problem('invalid-attribute', name, `the extension "${name}" must be text, an integer of 32 bits, true or false`),
      );
  }
  const { specversion, datacontenttype } = attributes;
  if (typeof specversion === 'string' && specversion !== '1.0')
    problems.push(problem('unsupported-version', 'specversion', `specversion "${specversion}" is not "1.0"`));
  if (typeof datacontenttype === 'string' && !/^[^;/\s]+\/(?:[^;\s]+\+)?json\s*(?:;|$)/i.test(datacontenttype))
    problems.push(problem('unsupported-data', 'datacontenttype', `"${datacontenttype}" is no JSON media type`));
  return problems;
}

function missingProblems(candidate: Record<string, unknown>, required: readonly string[]): Problem[] {
  return required
    .filter((name) => !requiredStrings.includes(name) && !Object.hasOwn(candidate, name))
    .map((name) => problem('missing-attribute', name, `the attribute "${name}" is missing`));
}

function sequenceProblems(sequence: unknown): Problem[] {
  if (sequence === undefined || sequenceOf(sequence) !== undefined) return [];
  return [problem('invalid-sequence', 'sequence', `the sequence ${JSON.stringify(sequence)} is not a whole number from 0`)];
}

function sequenceOf(sequence: unknown): number | undefined {
  const value = typeof sequence === 'string' && /^[0-9]{1,16}$/.test(sequence) ? Number(sequence) : sequence;
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

/** The formats of the standard (URI reference, RFC 3339 …), by its own SDK, which costs 11 MB: not before the first event from outside. */
function schemaProblems(attributes: Record<string, unknown>): Problem[] {
  const { CloudEvent, ValidationError } = load('cloudevents') as typeof import('cloudevents');
  try {
    new CloudEvent(attributes);
    return [];
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    const errors = error instanceof ValidationError ? error.errors : undefined;
    const details: unknown[] = Array.isArray(errors) && errors.length > 0 ? errors : [error];
    return details.map((detail) => {
      const { instancePath = '', message = '' } = detail as { instancePath?: string; message?: string };
      return { code: 'invalid-attribute', pointer: instancePath, message: `${instancePath.slice(1)} ${message}`.trim() };
    });
  }
}

const load = createRequire(__filename);

function foreignEvent(attributes: Record<string, unknown>, sequence: unknown, data: unknown): ForeignEvent {
  const entries = Object.entries(attributes);
  const isCore = ([name]: [string, unknown]): boolean => requiredStrings.includes(name) || optionalStrings.includes(name);
  const number = sequenceOf(sequence);
  return {
    ...(Object.fromEntries(entries.filter(isCore)) as unknown as ForeignEvent),
    ...(number !== undefined && { sequence: number }),
    ...(data !== undefined && { data }),
    extensions: Object.fromEntries(entries.filter((entry) => !isCore(entry))) as ForeignEvent['extensions'],
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isExtensionValue(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'boolean' || (typeof value === 'number' && (value | 0) === value);
}

function problem(code: string, attribute: string, message: string): Problem {
  return { code, pointer: jsonPointer(attribute), message };
}

function refuse(code: string, pointer: string, message: string): ParsedCloudEvent {
  return { problems: [{ code, pointer, message }] };
}
