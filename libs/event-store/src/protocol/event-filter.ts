import type { ReadReq } from '@eventstore/db-client/generated/streams_pb';
import type { RecordReader } from '../event-log';
import { streamOf, typeOf } from '../record';
import { patternOf } from './pattern';
import { InvalidRequest } from './protocol-errors';

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
  const finds = patternOf(pattern);
  return (block, at) => finds(text(block, at));
}

type RecordReaderOfText = (block: Buffer, at: number) => string;
