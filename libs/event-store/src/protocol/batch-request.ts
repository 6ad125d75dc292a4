import { UUID } from '@eventstore/db-client/generated/shared_pb';
import { BatchAppendReq } from '@eventstore/db-client/generated/streams_pb';
import type { EventBytes } from '../event-bytes';
import { eventOf } from './proposed-event';
import { ProtobufReader } from './protobuf-reader';
import { uuidText } from './uuid';

/** One part of an append: `BatchAppendReq`, whose events are read when they are wanted, so that 10,000 of them keep nobody waiting. */
export class BatchRequest {
  private readonly messages: ProtobufReader[] = [];
  readonly correlationId: UUID | undefined;
  readonly options: BatchAppendReq.Options | undefined;
  readonly isFinal: boolean = false;

  /** @throws InvalidRequest for what is no message */
  constructor(bytes: Buffer) {
    for (const reader = new ProtobufReader(bytes); reader.next();) {
      if (reader.field === 1) this.correlationId = UUID.deserializeBinary(reader.value());
      else if (reader.field === 2) this.options = BatchAppendReq.Options.deserializeBinary(reader.value());
      else if (reader.field === 3) this.messages.push(reader.message());
      else if (reader.field === 4) this.isFinal = reader.number !== 0;
    }
  }

  get count(): number {
    return this.messages.length;
  }

  /** @throws InvalidRequest, RequiredMetadataPropertyMissing */
  event(index: number): EventBytes {
    let id: string | undefined;
    let type: string | undefined;
    let contentType: string | undefined;
    let metadata: Uint8Array = NOTHING;
    let data: Uint8Array = NOTHING;
    for (const reader = this.messages[index]!; reader.next();) {
      if (reader.field === 1) id = idIn(reader);
      else if (reader.field === 3) metadata = reader.value();
      else if (reader.field === 4) data = reader.value();
      else if (reader.field === 2) {
        const [key, value] = entryIn(reader.message());
        if (key === 'type') type = value;
        if (key === 'content-type') contentType = value;
      }
    }
    return eventOf({ id, type, contentType, data, metadata });
  }
}

const NOTHING = Buffer.alloc(0);

function entryIn(reader: ProtobufReader): [key: string, value: string] {
  let key = '';
  let value = '';
  while (reader.next())
    if (reader.field === 1) key = reader.text();
    else if (reader.field === 2) value = reader.text();
  return [key, value];
}

function idIn(reader: ProtobufReader): string | undefined {
  try {
    return uuidText(UUID.deserializeBinary(reader.value()));
  } catch {
    return undefined;
  }
}
