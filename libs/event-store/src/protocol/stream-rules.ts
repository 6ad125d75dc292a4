import type { ByteStore } from '../byte-store';
import { Recent } from '../recent';

/** What the metadata of a stream says about which of its events can be read. */
export interface StreamRules {
  /** `soft`: can be written anew; `hard`: nothing can ever be done with it (a tombstone). */
  readonly deleted: 'no' | 'soft' | 'hard';
  /** First revision that can be read. */
  readonly truncateBefore: number;
  readonly maxCount: number;
  /** In milliseconds. */
  readonly maxAge: number;
}

export const STREAM_DELETED = '$streamDeleted';
export const METADATA = '$metadata';

const NONE: StreamRules = { deleted: 'no', truncateBefore: 0, maxCount: Infinity, maxAge: Infinity };
const SOFT: StreamRules = { ...NONE, deleted: 'soft', truncateBefore: Infinity };
const HARD: StreamRules = { ...SOFT, deleted: 'hard' };
/** Streams whose rules are remembered. */
const REMEMBERED = 10_000;

export function metastreamOf(stream: string): string {
  return `$$${stream}`;
}

export function isMetastream(stream: string): boolean {
  return stream.startsWith('$$');
}

/** The rules of each stream, as its flushed events say. */
export class RulesReader {
  /** By stream: rules, and revision of the metadata that they follow from. */
  private readonly known = new Recent<{ readonly rules: StreamRules; readonly revision: number }>(REMEMBERED);
  /** By stream: last revision that is known not to be a tombstone. */
  private readonly alive = new Recent<number>(REMEMBERED);

  constructor(private readonly store: ByteStore) {}

  of(stream: string): StreamRules {
    if (isMetastream(stream)) return this.buried(stream.slice(2)) ? HARD : NONE;
    if (this.buried(stream)) return HARD;
    const revision = this.store.head(metastreamOf(stream));
    if (revision < 0) return NONE;
    const known = this.known.get(stream);
    if (known?.revision === revision) return known.rules;
    const rules = rulesOf(this.metadata(stream, revision));
    this.known.set(stream, { rules, revision });
    return rules;
  }

  /** The JSON that the metadata of a stream holds at a revision; empty where it is none. */
  metadata(stream: string, revision = this.store.head(metastreamOf(stream))): Record<string, unknown> {
    if (revision < 0) return {};
    const [event] = this.store.readStream(metastreamOf(stream), revision, revision);
    return jsonObject(event!.data);
  }

  private buried(stream: string): boolean {
    const head = this.store.head(stream);
    if (head < 0 || this.alive.get(stream) === head) return false;
    const [last] = this.store.readStream(stream, head, head);
    if (last!.type === STREAM_DELETED) return true;
    this.alive.set(stream, head);
    return false;
  }
}

function rulesOf(metadata: Record<string, unknown>): StreamRules {
  const truncateBefore = wholeNumber(metadata['$tb']) ?? 0;
  // The greatest number of the protocol says that the stream was deleted; JSON rounds it.
  if (truncateBefore > Number.MAX_SAFE_INTEGER) return SOFT;
  const maxAge = wholeNumber(metadata['$maxAge']);
  return {
    deleted: 'no',
    truncateBefore,
    maxCount: wholeNumber(metadata['$maxCount']) ?? Infinity,
    maxAge: maxAge === undefined ? Infinity : maxAge * 1000,
  };
}

function wholeNumber(value: unknown): number | undefined {
  return Number.isInteger(value) && (value as number) >= 0 ? (value as number) : undefined;
}

function jsonObject(bytes: Uint8Array): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString());
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
