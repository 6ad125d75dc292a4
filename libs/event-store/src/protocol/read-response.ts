import { StreamIdentifier, UUID } from '@eventstore/db-client/generated/shared_pb';
import { ReadResp } from '@eventstore/db-client/generated/streams_pb';
import type { PlacedBytes } from '../byte-store';
import { STREAM_DELETED } from './stream-rules';

/** Revision of a tombstone, wherever it stands. */
const LAST_REVISION = '9223372036854775807';
const TICKS_PER_MILLISECOND = 10_000n;

/** How the client wants ids: as text, or as two numbers of 64 bits. */
export type IdForm = 'text' | 'numbers';

export function eventResponse(event: PlacedBytes, ids: IdForm, link?: PlacedBytes): ReadResp {
  const read = new ReadResp.ReadEvent();
  read.setEvent(recordedEvent(event, ids));
  if (link) read.setLink(recordedEvent(link, ids));
  read.setCommitPosition(String((link ?? event).ordinal));
  const response = new ReadResp();
  response.setEvent(read);
  return response;
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

function recordedEvent(event: PlacedBytes, ids: IdForm): ReadResp.ReadEvent.RecordedEvent {
  const position = String(event.ordinal);
  const recorded = new ReadResp.ReadEvent.RecordedEvent();
  recorded.setId(idOf(event.id, ids));
  recorded.setStreamIdentifier(identifierOf(event.stream));
  recorded.setStreamRevision(event.type === STREAM_DELETED ? LAST_REVISION : String(event.revision));
  recorded.setPreparePosition(position);
  recorded.setCommitPosition(position);
  recorded
    .getMetadataMap()
    .set('type', event.type)
    .set('content-type', event.json ? 'application/json' : 'application/octet-stream')
    .set('created', String(BigInt(event.recordedAt) * TICKS_PER_MILLISECOND));
  recorded.setCustomMetadata(event.metadata);
  recorded.setData(event.data);
  return recorded;
}

function idOf(id: string, form: IdForm): UUID {
  const uuid = new UUID();
  if (form === 'text') uuid.setString(id);
  else {
    const numbers = new UUID.Structured();
    const digits = id.replaceAll('-', '');
    numbers.setMostSignificantBits(signed(digits.slice(0, 16)));
    numbers.setLeastSignificantBits(signed(digits.slice(16)));
    uuid.setStructured(numbers);
  }
  return uuid;
}

function signed(digits: string): string {
  return String(BigInt.asIntN(64, BigInt(`0x${digits}`)));
}

const UUID_PATTERN = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** In lower case; `undefined` for what is no UUID. */
export function uuidText(uuid: UUID | undefined): string | undefined {
  const structured = uuid?.getStructured();
  const text = structured
    ? dashed(unsigned(structured.getMostSignificantBits()) + unsigned(structured.getLeastSignificantBits()))
    : uuid?.getString().toLowerCase();
  return text !== undefined && UUID_PATTERN.test(text) ? text : undefined;
}

function unsigned(number: string): string {
  return BigInt.asUintN(64, BigInt(number)).toString(16).padStart(16, '0');
}

function dashed(digits: string): string {
  return [digits.slice(0, 8), digits.slice(8, 12), digits.slice(12, 16), digits.slice(16, 20), digits.slice(20)].join('-');
}
