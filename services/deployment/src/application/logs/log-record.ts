/** A line as a log collector describes it. */
export interface LogRecord {
  /** ISO 8601 in UTC. */
  readonly at: string;
  readonly node: string;
  readonly pod?: string;
  readonly file?: string;
  readonly text: string;
}

/** Characters of a line that are kept, and of the names that go with it. */
const MAX_TEXT = 16_384;
const MAX_NAME = 255;
/** How far ahead of ours the clock of a host may be, in milliseconds. */
const AHEAD = 60_000;
/** Where the collector sees the node's log directory. */
const COLLECTED_FROM = '/souk/logs/';

/**
 * Reads one record of Fluent Bit. Whatever it is, it becomes a line: what has no text of its own is shown as it is.
 *
 *     {"time": "2026-03-01T12:00:00.123456Z", "log": "ready", "file": "/souk/logs/app.log", "node": "web", "pod": "web-5d9c"}
 */
export function logRecordOf(record: unknown, now: Date): LogRecord {
  if (typeof record !== 'object' || record === null)
    return { at: now.toISOString(), node: UNNAMED, text: cut(JSON.stringify(record)) };
  const { time, date, log, message, node, pod, file, ...rest } = record as Record<string, unknown>;
  const text = [log, message].find((value) => typeof value === 'string');
  return {
    at: timeOf(time ?? date, now),
    node: nameOf(node) ?? UNNAMED,
    ...(nameOf(pod) !== undefined && { pod: nameOf(pod)! }),
    ...(nameOf(file) !== undefined && { file: nameOf(file)!.replace(COLLECTED_FROM, '') }),
    text: cut(text ?? JSON.stringify(rest)),
  };
}

const UNNAMED = 'unknown';

/** A text in ISO 8601, or seconds since 1970. Nothing is of the future. */
function timeOf(time: unknown, now: Date): string {
  const ms = typeof time === 'number' ? time * 1000 : typeof time === 'string' ? Date.parse(time) : NaN;
  const latest = now.getTime();
  return new Date(ms >= 0 && ms <= latest + AHEAD ? Math.min(ms, latest) : latest).toISOString();
}

function nameOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value.slice(0, MAX_NAME) : undefined;
}

function cut(text: string): string {
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)} … (${text.length - MAX_TEXT} more characters)` : text;
}
