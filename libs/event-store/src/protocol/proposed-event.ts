import type { UUID } from '@eventstore/db-client/generated/shared_pb';
import type { Map as ProtobufMap } from 'google-protobuf';
import type { EventBytes } from '../event-bytes';
import { InvalidRequest, RequiredMetadataPropertyMissing } from './protocol-errors';
import { uuidText } from './uuid';

/** An event of a single append. */
interface ProposedMessage {
  getId(): UUID | undefined;
  getMetadataMap(): ProtobufMap<string, string>;
  getCustomMetadata_asU8(): Uint8Array;
  getData_asU8(): Uint8Array;
}

export function proposedEvent(message: ProposedMessage): EventBytes {
  const properties = message.getMetadataMap();
  return eventOf({
    id: uuidText(message.getId()),
    type: properties.get('type'),
    contentType: properties.get('content-type'),
    data: message.getData_asU8(),
    metadata: message.getCustomMetadata_asU8(),
  });
}

/** What the client says of an event; some of it may be missing. */
interface Proposal extends Pick<EventBytes, 'data' | 'metadata'> {
  readonly id: string | undefined;
  readonly type: string | undefined;
  readonly contentType: string | undefined;
}

/** @throws RequiredMetadataPropertyMissing, InvalidRequest */
export function eventOf({ id, type, contentType, data, metadata }: Proposal): EventBytes {
  if (!type) throw new RequiredMetadataPropertyMissing('type');
  if (!contentType) throw new RequiredMetadataPropertyMissing('content-type');
  if (id === undefined) throw new InvalidRequest('the id of an event is a UUID');
  return { id, type, json: contentType === 'application/json', data, metadata };
}

/** As the real server counts: characters of the type have two bytes. */
export function sizeOf({ type, data, metadata }: EventBytes): number {
  return data.length + metadata.length + 2 * type.length;
}
