import type { ReadReq } from '@eventstore/db-client/generated/streams_pb';
import type { RecordReader } from '../event-log';
import { streamOf, typeOf } from '../record';
import { InvalidRequest } from './protocol-errors';

/** Longest pattern that is taken. */
const MAX_PATTERN = 1024;
const DEFAULT_WINDOW = 32;

export interface ReadFilter {
  readonly passes: RecordReader<boolean>;
  /** Events looked at between two checkpoints of a subscription. */
  readonly checkpointInterval: number;
}

/** @throws InvalidRequest */
export function filterOf(options: ReadReq.Options.FilterOptions): ReadFilter {
  const [expression, text] = options.hasStreamIdentifier()
    ? ([options.getStreamIdentifier()!, streamOf] as const)
    : ([options.getEventType(), typeOf] as const);
  if (!expression) throw new InvalidRequest('a filter is of the stream or of the type');
  const multiplier = options.getCheckpointintervalmultiplier();
  return {
    passes: matching(expression.getRegex(), expression.getPrefixList(), text),
    checkpointInterval: Math.max(1, multiplier) * (options.hasMax() ? Math.max(1, options.getMax()) : DEFAULT_WINDOW),
  };
}

function matching(pattern: string, prefixes: readonly string[], text: RecordReaderOfText): RecordReader<boolean> {
  if (pattern === '') {
    return (block, at) => {
      const value = text(block, at);
      return prefixes.some((prefix) => value.startsWith(prefix));
    };
  }
  const regex = compiled(pattern);
  return (block, at) => regex.test(text(block, at));
}

type RecordReaderOfText = (block: Buffer, at: number) => string;

function compiled(pattern: string): RegExp {
  if (pattern.length > MAX_PATTERN) throw new InvalidRequest(`a pattern has ${MAX_PATTERN} characters at most`);
  try {
    return new RegExp(pattern, 'u');
  } catch {
    try {
      return new RegExp(pattern);
    } catch {
      throw new InvalidRequest(`'${pattern}' is not a valid regular expression`);
    }
  }
}
