import { type DeleteReq, DeleteResp, type TombstoneReq, TombstoneResp } from '@eventstore/db-client/generated/streams_pb';
import { type ExpectedRevision, WrongExpectedRevision } from '@souk/event-sourcing';
import { expectedNumber, expectedRevisionOf } from './expected-revision';
import { ordinalOf } from './positions';
import { InvalidRequest, WrongExpectedVersion } from './protocol-errors';
import { nameOf } from './read-response';
import type { StreamWriter } from './stream-writer';

export async function answerDelete(request: DeleteReq, writer: StreamWriter): Promise<DeleteResp> {
  const { stream, expected } = targetOf(request.getOptions());
  const { position } = await asDelete(expected, () => writer.delete(stream, expected));
  const at = new DeleteResp.Position();
  at.setCommitPosition(ordinalOf(position));
  at.setPreparePosition(ordinalOf(position));
  const response = new DeleteResp();
  response.setPosition(at);
  return response;
}

export async function answerTombstone(request: TombstoneReq, writer: StreamWriter): Promise<TombstoneResp> {
  const { stream, expected } = targetOf(request.getOptions());
  const { position } = await asDelete(expected, () => writer.tombstone(stream, expected));
  const at = new TombstoneResp.Position();
  at.setCommitPosition(ordinalOf(position));
  at.setPreparePosition(ordinalOf(position));
  const response = new TombstoneResp();
  response.setPosition(at);
  return response;
}

function targetOf(options: DeleteReq.Options | TombstoneReq.Options | undefined): {
  readonly stream: string;
  readonly expected: ExpectedRevision;
} {
  const stream = nameOf(options?.getStreamIdentifier());
  if (!options || stream === '') throw new InvalidRequest('the name of a stream is required');
  return { stream, expected: expectedRevisionOf(options, options.hasRevision() ? options.getRevision() : undefined) };
}

async function asDelete<T>(expected: ExpectedRevision, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof WrongExpectedRevision)) throw error;
    throw new WrongExpectedVersion('Delete', error.stream, expectedNumber(expected), error.actual);
  }
}
