import { positionOf } from '@souk/event-sourcing';
import { sampleEvent } from '@souk/event-sourcing/testing';
import fc from 'fast-check';
import { decodeBytes, decodeRecord, encodeBytes, encodeEvent, type EncodedEvent, endOf, hasId, writeRecord } from './record';

const position = positionOf('abcdefgh', 1);
const recordedAt = 1_700_000_000_000;

/** A block of these records. */
function blockOf(...events: EncodedEvent[]): Buffer {
  const block = Buffer.alloc(
    events.reduce((sum, { bytes }) => sum + bytes, 0),
    0xff,
  );
  let at = 0;
  for (const event of events) {
    writeRecord(event, 7, recordedAt, block, at);
    at += event.bytes;
  }
  return block;
}

const name = fc.string({ minLength: 1, maxLength: 50, unit: 'grapheme' });
const bytes = fc.uint8Array({ maxLength: 500 }).map((array) => Buffer.from(array));
const eventBytes = fc.record({ id: fc.uuid(), type: name, json: fc.boolean(), data: bytes, metadata: bytes });

describe('records', () => {
  it('keep bytes of any kind exactly, beside events of ours', () => {
    fc.assert(
      fc.property(name, eventBytes, (stream, event) => {
        const ours = sampleEvent({ data: { text: event.type } });
        const block = blockOf(encodeEvent(stream, ours), encodeBytes(stream, event));
        expect(decodeRecord(block, 0, position)).toMatchObject({ ...ours, stream, revision: 7 });
        const at = endOf(block, 0);
        expect(decodeBytes(block, at)).toEqual({ ...event, stream, revision: 7, recordedAt });
        expect(endOf(block, at)).toBe(block.length);
        expect([hasId(block, 0, ours.id), hasId(block, at, event.id), hasId(block, at, ours.id)]).toEqual([true, true, false]);
      }),
    );
  });

  it('show readers an event for whatever bytes there are', () => {
    fc.assert(
      fc.property(eventBytes, (event) => {
        const { data, metadata, id } = decodeRecord(blockOf(encodeBytes('s', event)), 0, position);
        expect(id).toBe(event.id);
        expect(typeof data).toBe('object');
        expect(Array.isArray(metadata.tenants)).toBe(true);
      }),
    );
  });

  it('show events of ours that came as bytes as what they are', () => {
    const ours = sampleEvent();
    const data = Buffer.from(JSON.stringify(ours.data));
    const metadata = Buffer.from(JSON.stringify(ours.metadata));
    const block = blockOf(encodeBytes('app-1', { id: ours.id, type: ours.type, json: true, data, metadata }));
    expect(decodeRecord(block, 0, position)).toMatchObject(ours);
  });

  it('show any event of ours as the bytes of its JSON', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.oneof(fc.string(), fc.constant('metadata')), fc.json()), (fields) => {
        const ours = sampleEvent({ data: { ...fields, nested: { a: ',"metadata":', metadata: fields } } });
        for (const event of [ours, { ...ours, data: fields }]) {
          const { id, data, metadata } = decodeBytes(blockOf(encodeEvent('app-1', event)), 0);
          expect([id, Buffer.from(data).toString(), Buffer.from(metadata).toString()]).toEqual([
            event.id,
            JSON.stringify(event.data),
            JSON.stringify(event.metadata),
          ]);
        }
      }),
    );
  });

  it('show an event of ours with its fields in their order', () => {
    const ours = sampleEvent({ data: { b: 1, a: 'ü' } });
    const read = decodeBytes(blockOf(encodeEvent('app-1', ours)), 0);
    expect(read).toMatchObject({ id: ours.id, type: ours.type, json: true, stream: 'app-1' });
    expect(Buffer.from(read.data).toString()).toBe('{"b":1,"a":"ü"}');
    expect(JSON.parse(Buffer.from(read.metadata).toString())).toEqual(ours.metadata);
  });
});
