import { TooManyLogRecords } from '../../domain/logs/log.errors';
import { type LogRecord, logRecordOf } from './log-record';

/** What Fluent Bit sends in one go is some 2 MB: of the shortest lines, three quarters of this. */
export const MAX_RECORDS = 40_000;
/** What is read before others have their turn. */
const SLICE = { records: 500, bytes: 64 * 1024 };
/** Bytes of a line that is read as JSON, in one go. A collector cuts lines at 64 KB. */
const MAX_JSON = 256 * 1024;
const NEWLINE = 0x0a;

/**
 * Lines of JSON, or lists of it, some at a time: one line can be a list of many. Whatever is no JSON, is too long to be read, or is too deep to
 * be shown, is a line of text.
 * @throws TooManyLogRecords
 */
export function* recordsIn(body: Buffer, now: Date): Generator<readonly LogRecord[]> {
  let slice: LogRecord[] = [];
  let records = 0;
  let sliceBegins = 0;
  for (let from = 0; from < body.length;) {
    const newline = body[from] === NEWLINE ? from : body.indexOf(NEWLINE, from);
    const to = newline === -1 ? body.length : newline;
    for (const record of to === from ? [] : recordsOf(body.subarray(from, to), now)) {
      if (++records > MAX_RECORDS) throw new TooManyLogRecords(MAX_RECORDS);
      slice.push(record);
      if (slice.length < SLICE.records) continue;
      yield slice;
      slice = [];
      sliceBegins = from;
    }
    from = to + 1;
    if (from - sliceBegins < SLICE.bytes) continue;
    yield slice;
    slice = [];
    sliceBegins = from;
  }
  if (slice.length > 0) yield slice;
}

function* recordsOf(line: Buffer, now: Date): Generator<LogRecord> {
  const text = line.toString('utf8');
  if (text.trim() === '') return;
  const value = line.length > MAX_JSON ? undefined : valueOf(text);
  if (value === undefined) yield logRecordOf({ log: text }, now);
  else for (const one of Array.isArray(value) ? (value as unknown[]) : [value]) yield recordOf(one, text, now);
}

/** Nothing where it is no JSON. */
function valueOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function recordOf(value: unknown, text: string, now: Date): LogRecord {
  try {
    return logRecordOf(value, now);
  } catch (error) {
    if (error instanceof RangeError) return logRecordOf({ log: text }, now);
    throw error;
  }
}
