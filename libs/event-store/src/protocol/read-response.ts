import { StreamIdentifier } from '@eventstore/db-client/generated/shared_pb';
import { ReadResp } from '@eventstore/db-client/generated/streams_pb';
import type { PlacedBytes } from '../byte-store';
import { ProtobufWriter } from './protobuf-writer';
import { STREAM_DELETED } from './stream-rules';
import { idAsNumbers } from './uuid';

/** Revision of a tombstone, wherever it stands: 2⁶³ - 1, encoded. */
const LAST_REVISION = Uint8Array.of(255, 255, 255, 255, 255, 255, 255, 255, 127);
/** More than an event has beside its names and bytes. */
const FRAME = 256;

/** How the client wants ids: as text, or as two numbers of 64 bits. */
export type IdForm = 'text' | 'numbers';

/** As message, or encoded already. */
export type ReadAnswer = ReadResp | Buffer;

export function serialized(answer: ReadAnswer): Buffer {
  return Buffer.isBuffer(answer) ? answer : Buffer.from(answer.serializeBinary());
}

export function eventResponse(event: PlacedBytes, ids: IdForm, link?: PlacedBytes): Buffer {
  const writer = new ProtobufWriter(FRAME + mostBytes(event) + (link ? mostBytes(link) : 0));
  const end = writer.mark;
  writer.number(3, (link ?? event).ordinal);
  if (link) recordedEvent(writer, 2, link, ids);
  recordedEvent(writer, 1, event, ids);
  writer.message(1, end);
  return writer.finish();
}

function mostBytes({ stream, type, data, metadata }: PlacedBytes): number {
  return data.length + metadata.length + 3 * (stream.length + type.length) + FRAME;
}

/** `ReadResp.ReadEvent.RecordedEvent`, its fields from the last to the first. */
function recordedEvent(writer: ProtobufWriter, field: number, event: PlacedBytes, ids: IdForm): void {
  const end = writer.mark;
  writer.bytes(8, event.data);
  writer.bytes(7, event.metadata);
  property(writer, 'type', event.type);
  property(writer, 'content-type', event.json ? 'application/json' : 'application/octet-stream');
  // In ticks of 100 ns: four more digits than milliseconds.
  property(writer, 'created', `${event.recordedAt}0000`);
  writer.number(5, event.ordinal);
  writer.number(4, event.ordinal);
  if (event.type === STREAM_DELETED) writer.encoded(3, LAST_REVISION);
  else writer.number(3, event.revision);
  const stream = writer.mark;
  writer.text(3, event.stream);
  writer.message(2, stream);
  if (ids === 'numbers') writer.bytes(1, idAsNumbers(event.id).serializeBinary());
  else {
    const id = writer.mark;
    writer.text(2, event.id);
    writer.message(1, id);
  }
  writer.message(field, end);
}

/** An entry of the map of properties. */
function property(writer: ProtobufWriter, key: string, value: string): void {
  const end = writer.mark;
  writer.text(2, value);
  writer.text(1, key);
  writer.message(6, end);
}

export function streamNotFound(stream: string): ReadResp {
  const notFound = new ReadResp.StreamNotFound();
  notFound.setStreamIdentifier(identifierOf(stream));
  const response = new ReadResp();
  response.setStreamNotFound(notFound);
  return response;
}

export function confirmation(subscriptionId: string): ReadResp {
  const confirmed = new ReadResp.SubscriptionConfirmation();
  confirmed.setSubscriptionId(subscriptionId);
  const response = new ReadResp();
  response.setConfirmation(confirmed);
  return response;
}

export function checkpoint(ordinal: number): ReadResp {
  const reached = new ReadResp.Checkpoint();
  reached.setCommitPosition(String(ordinal));
  reached.setPreparePosition(String(ordinal));
  const response = new ReadResp();
  response.setCheckpoint(reached);
  return response;
}

export function caughtUp(): ReadResp {
  const response = new ReadResp();
  response.setCaughtUp(new ReadResp.CaughtUp());
  return response;
}

export function fellBehind(): ReadResp {
  const response = new ReadResp();
  response.setFellBehind(new ReadResp.FellBehind());
  return response;
}

export function firstStreamPosition(revision: number): ReadResp {
  const response = new ReadResp();
  response.setFirstStreamPosition(String(revision));
  return response;
}

export function lastStreamPosition(revision: number): ReadResp {
  const response = new ReadResp();
  response.setLastStreamPosition(String(revision));
  return response;
}

export function identifierOf(stream: string): StreamIdentifier {
  const identifier = new StreamIdentifier();
  identifier.setStreamName(Buffer.from(stream));
  return identifier;
}

export function nameOf(identifier: StreamIdentifier | undefined): string {
  return Buffer.from(identifier?.getStreamName_asU8() ?? []).toString();
}
