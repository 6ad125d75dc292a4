import { Empty } from '@eventstore/db-client/generated/shared_pb';
import { type AppendReq, AppendResp } from '@eventstore/db-client/generated/streams_pb';
import { type AppendResult, type ExpectedRevision, WrongExpectedRevision } from '@souk/event-sourcing';
import { encodeBytes, type EncodedEvent } from '../record';
import { expectedRevisionOf } from './expected-revision';
import { ordinalOf } from './positions';
import { proposedEvent, sizeOf } from './proposed-event';
import { InvalidRequest, MaximumAppendSizeExceeded } from './protocol-errors';
import { nameOf } from './read-response';
import type { Serving } from './serving';

/** One append: its options, then its events. */
export async function answerAppend(
  requests: AsyncIterable<AppendReq>,
  { writer, maxAppendBytes }: Pick<Serving, 'writer' | 'maxAppendBytes'>,
): Promise<AppendResp> {
  let options: AppendReq.Options | undefined;
  let stream = '';
  const events: EncodedEvent[] = [];
  let size = 0;
  for await (const request of requests) {
    options ??= request.getOptions();
    const message = request.getProposedMessage();
    if (!options) throw new InvalidRequest('options come first');
    stream = nameOf(options.getStreamIdentifier());
    if (!message) continue;
    const event = proposedEvent(message);
    size += sizeOf(event);
    if (size > maxAppendBytes) throw new MaximumAppendSizeExceeded(maxAppendBytes);
    events.push(encodeBytes(stream, event));
  }
  if (!options || stream === '') throw new InvalidRequest('the name of a stream is required');
  const expected = expectedRevisionOf(options, options.hasRevision() ? options.getRevision() : undefined);
  try {
    return success(await writer.append(stream, expected, events));
  } catch (error) {
    if (error instanceof WrongExpectedRevision) return wrongExpectedVersion(expected, error.actual);
    throw error;
  }
}

function success({ revision, position }: AppendResult): AppendResp {
  const appended = new AppendResp.Success();
  if (revision < 0) appended.setNoStream(new Empty());
  else appended.setCurrentRevision(String(revision));
  const ordinal = ordinalOf(position);
  if (revision < 0) appended.setNoPosition(new Empty());
  else {
    const at = new AppendResp.Position();
    at.setCommitPosition(ordinal);
    at.setPreparePosition(ordinal);
    appended.setPosition(at);
  }
  const response = new AppendResp();
  response.setSuccess(appended);
  return response;
}

function wrongExpectedVersion(expected: ExpectedRevision, actual: number): AppendResp {
  const wrong = new AppendResp.WrongExpectedVersion();
  if (expected === 'any') wrong.setExpectedAny(new Empty());
  else if (expected === 'no-stream') wrong.setExpectedNoStream(new Empty());
  else if (expected === 'stream-exists') wrong.setExpectedStreamExists(new Empty());
  else wrong.setExpectedRevision(String(expected));
  if (actual < 0) wrong.setCurrentNoStream(new Empty());
  else wrong.setCurrentRevision(String(actual));
  const response = new AppendResp();
  response.setWrongExpectedVersion(wrong);
  return response;
}
