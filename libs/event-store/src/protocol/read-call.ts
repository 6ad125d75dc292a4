import { ReadReq } from '@eventstore/db-client/generated/streams_pb';
import type { ServerWritableStream } from '@grpc/grpc-js';
import { randomUUID } from 'node:crypto';
import { Answer } from './answer';
import { AllReading } from './all-reading';
import { statusOf } from './call-status';
import { filterOf } from './event-filter';
import { EventWriter } from './event-writer';
import type { OpenCall } from './open-calls';
import { InvalidRequest } from './protocol-errors';
import { confirmation, nameOf, type ReadAnswer } from './read-response';
import type { Serving } from './serving';
import { StreamReading } from './stream-reading';

export type ReadCall = ServerWritableStream<ReadReq, ReadAnswer>;

/** Reads and subscriptions: one call of the protocol for all of them. Never rejects: the client is told. */
export async function answerRead(call: ReadCall, serving: Serving): Promise<void> {
  const { store, calls, onError } = serving;
  const open: OpenCall = { stop: (error) => answer.fail(error) };
  const answer = new Answer<ReadAnswer>(call, () => calls.delete(open));
  calls.add(open);
  try {
    const options = call.request.getOptions();
    if (!options) throw new InvalidRequest('options are required');
    const writer = new EventWriter(answer, options, store);
    const reading = readingOf(options, writer, serving);
    if (!options.hasSubscription()) await reading.read(numberOf(options.getCount()));
    else {
      if (isBackwards(options)) throw new InvalidRequest('a subscription goes forwards');
      reading.begin();
      await writer.put(confirmation(randomUUID()));
      await reading.subscribe();
    }
    answer.end();
  } catch (error) {
    answer.fail(statusOf(error, onError));
  }
}

function readingOf(options: ReadReq.Options, writer: EventWriter, { store, reader }: Serving): AllReading | StreamReading {
  const backwards = isBackwards(options);
  const stream = options.getStream();
  if (stream) {
    const name = nameOf(stream.getStreamIdentifier());
    if (name === '') throw new InvalidRequest('the name of a stream is required');
    const from = stream.hasRevision() ? numberOf(stream.getRevision()) : stream.hasEnd() ? 'end' : 'start';
    const compatible = (options.getControlOption()?.getCompatibility() ?? 0) >= 1;
    return new StreamReading(reader, store, writer, name, { from, backwards, compatible });
  }
  const all = options.getAll();
  if (!all) throw new InvalidRequest('a stream or all of them: one is required');
  const position = all.getPosition();
  const from = position ? numberOf(position.getCommitPosition()) : all.hasEnd() ? 'end' : 'start';
  const filter = options.getFilter();
  return new AllReading(store, writer, { from, backwards, filter: filter && filterOf(filter) });
}

function isBackwards(options: ReadReq.Options): boolean {
  return options.getReadDirection() === ReadReq.Options.ReadDirection.BACKWARDS;
}

/** Unsigned 64 bits, of which only what the store can hold matters. */
function numberOf(text: string): number {
  return Number(text);
}
