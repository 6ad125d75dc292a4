import { UUID } from '@eventstore/db-client/generated/shared_pb';
import { BatchAppendReq } from '@eventstore/db-client/generated/streams_pb';
import { Empty } from 'google-protobuf/google/protobuf/empty_pb';
import fc from 'fast-check';
import { BatchRequest } from './batch-request';
import { InvalidRequest } from './protocol-errors';
import { identifierOf, nameOf } from './read-response';
import { idAsNumbers, uuidText } from './uuid';

const name = fc.string({ minLength: 1, maxLength: 200, unit: 'grapheme' });
const bytes = fc.uint8Array({ maxLength: 1000 });
const events = fc.array(
  fc.record({ id: fc.uuid(), asNumbers: fc.boolean(), type: name, json: fc.boolean(), data: bytes, metadata: bytes }),
  { maxLength: 20 },
);

function written(stream: string, proposed: typeof events extends fc.Arbitrary<infer T> ? T : never, isFinal: boolean): Buffer {
  const request = new BatchAppendReq();
  const correlation = new UUID();
  correlation.setString('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11');
  request.setCorrelationId(correlation);
  const options = new BatchAppendReq.Options();
  options.setStreamIdentifier(identifierOf(stream));
  options.setAny(new Empty());
  request.setOptions(options);
  request.setIsFinal(isFinal);
  for (const { id, asNumbers, type, json, data, metadata } of proposed) {
    const message = new BatchAppendReq.ProposedMessage();
    const uuid = new UUID();
    uuid.setString(id.toUpperCase());
    message.setId(asNumbers ? idAsNumbers(id) : uuid);
    message
      .getMetadataMap()
      .set('type', type)
      .set('other', 'x')
      .set('content-type', json ? 'application/json' : 'text/plain');
    message.setData(data);
    message.setCustomMetadata(metadata);
    request.addProposedMessages(message);
  }
  return Buffer.from(request.serializeBinary());
}

describe('a part of an append', () => {
  it('is read as the generated code of the protocol writes it', () => {
    fc.assert(
      fc.property(name, events, fc.boolean(), (stream, proposed, isFinal) => {
        const request = new BatchRequest(written(stream, proposed, isFinal));
        expect(uuidText(request.correlationId)).toBe('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11');
        expect(nameOf(request.options!.getStreamIdentifier())).toBe(stream);
        expect([request.options!.hasAny(), request.isFinal, request.count]).toEqual([true, isFinal, proposed.length]);
        proposed.forEach(({ asNumbers: _asNumbers, ...expected }, i) => {
          const event = request.event(i);
          expect({ ...event, data: Uint8Array.from(event.data), metadata: Uint8Array.from(event.metadata) }).toEqual(expected);
        });
      }),
    );
  });

  it('is refused where it is no message, whatever it is', () => {
    const outcome = (bytes: Uint8Array): unknown => {
      try {
        const request = new BatchRequest(Buffer.from(bytes));
        for (let i = 0; i < request.count; i++) request.event(i);
        return undefined;
      } catch (error) {
        return error;
      }
    };
    expect(outcome(Uint8Array.of(0x1a, 0x7f, 1))).toBeInstanceOf(InvalidRequest);
    expect(outcome(Uint8Array.of(0x1b))).toBeInstanceOf(InvalidRequest);
    expect(outcome(new Uint8Array(20).fill(0xff))).toBeInstanceOf(InvalidRequest);
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void outcome(bytes)));
  });
});
