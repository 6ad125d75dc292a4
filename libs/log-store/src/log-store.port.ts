/** A line as its writer sent it. */
export interface LogLine {
  /** When it was written, as far as the collector knows: ISO 8601 in UTC, with milliseconds. */
  readonly at: string;
  /** Service name of the node. */
  readonly node: string;
  readonly pod?: string;
  readonly file?: string;
  readonly text: string;
}

export interface KeptLine extends LogLine {
  /** Its place among all lines of the instance; never used twice. */
  readonly position: number;
}

export interface LogSearch {
  readonly node?: string;
  /** Part of the text, whatever the case of its letters. */
  readonly contains?: string;
  /** ISO 8601, both inclusive. */
  readonly since?: string;
  readonly until?: string;
  readonly limit: number;
  /** Only lines before this position. */
  readonly before?: number;
}

/** Newest first. A page may have fewer lines than asked for, and yet a `next`: looking through many lines is done bit by bit. */
export interface LogPage {
  readonly lines: readonly KeptLine[];
  readonly next?: number;
}

/** Bytes that a line takes beside its text: keys, names, pages that are not full. */
export const LINE_OVERHEAD = 128;

/** What is kept of one instance. */
export interface LogUsage {
  readonly lines: number;
  readonly bytes: number;
  /** Lines that are gone since there was no room for them, or they were too old. */
  readonly dropped: number;
}

/**
 * Logs of instances: a ring of lines for each. Laws, checked by the specs of every adapter: lines of one instance keep the order in which they came;
 * the oldest ones give way to new ones, counted, and never those of another instance; who follows misses nothing that is kept, and hears
 * nothing twice; after `forget` nothing is left.
 */
export abstract class LogStore {
  /** Fulfilled when the lines can be found. Survives kill -9; a power failure may take the newest ones. */
  abstract append(instanceId: string, lines: readonly LogLine[]): Promise<void>;
  abstract search(instanceId: string, search: LogSearch): Promise<LogPage>;
  /**
   * Lines after a position in their order, some at a time, then new ones as they come, until the signal says stop. An empty answer says
   * that there was nothing for `quietMs`. Without a position it begins with the newest `recent` lines.
   */
  abstract follow(instanceId: string, from: LogStart, signal: AbortSignal, quietMs: number): AsyncGenerator<readonly KeptLine[]>;
  abstract usage(instanceId: string): LogUsage;
  abstract forget(instanceId: string): Promise<void>;
  /** Waits for the writes under way; nothing can be asked afterwards. */
  abstract close(): Promise<void>;
}

export type LogStart = { readonly after: number } | { readonly recent: number };
