import { ReadResp } from '@eventstore/db-client/generated/streams_pb';
import fc from 'fast-check';
import { eventResponse, identifierOf, nameOf } from './read-response';
import { uuidText } from './uuid';

const name = fc.string({ minLength: 1, maxLength: 200, unit: 'grapheme' });
const bytes = fc.uint8Array({ maxLength: 20_000 });
const placed = fc.record({
  id: fc.uuid(),
  stream: name,
  type: name,
  json: fc.boolean(),
  data: bytes,
  metadata: bytes,
  revision: fc.nat(),
  recordedAt: fc.integer({ min: 1e12, max: 3e12 }),
  ordinal: fc.oneof(fc.integer({ min: 1, max: 300 }), fc.maxSafeNat()),
});

describe('the answer with an event', () => {
  it('is what the generated code of the protocol reads', () => {
    fc.assert(
      fc.property(placed, fc.option(placed, { nil: undefined }), fc.constantFrom('text', 'numbers'), (event, link, ids) => {
        const read = ReadResp.deserializeBinary(eventResponse(event, ids, link)).getEvent()!;
        expect(read.getCommitPosition()).toBe(String((link ?? event).ordinal));
        expect(read.hasLink()).toBe(link !== undefined);
        for (const [expected, actual] of [
          [event, read.getEvent()!] as const,
          ...(link ? [[link, read.getLink()!] as const] : []),
        ]) {
          expect(uuidText(actual.getId())).toBe(expected.id);
          expect(actual.getId()!.hasStructured()).toBe(ids === 'numbers');
          expect(nameOf(actual.getStreamIdentifier())).toBe(expected.stream);
          expect([actual.getStreamRevision(), actual.getCommitPosition(), actual.getPreparePosition()]).toEqual(
            [expected.revision, expected.ordinal, expected.ordinal].map(String),
          );
          expect(Object.fromEntries(actual.getMetadataMap().getEntryList())).toEqual({
            type: expected.type,
            'content-type': expected.json ? 'application/json' : 'application/octet-stream',
            created: String(BigInt(expected.recordedAt) * 10_000n),
          });
          expect(actual.getData_asU8()).toEqual(expected.data);
          expect(actual.getCustomMetadata_asU8()).toEqual(expected.metadata);
        }
      }),
    );
  });

  it('gives names of streams and back', () => {
    fc.assert(fc.property(name, (stream) => expect(nameOf(identifierOf(stream))).toBe(stream)));
  });
});
