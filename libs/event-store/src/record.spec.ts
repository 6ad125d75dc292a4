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

  it.each([
    [
      'web',
      'BQEAAAEFAA8HAAAAAACAVv68eEJhcHAtMU5vZGVCZWNhbWVSZWFkeXsiaWQiOiJhMGVlYmM5OS05YzBiLTRlZjgtYmI2ZC02YmI5YmQzODBhMT' +
        'EiLCJkYXRhIjp7Im5vZGUiOiJ3ZWIifSwibWV0YWRhdGEiOnsiY29tbWFuZElkIjoiY21kLTEiLCJjb3JyZWxhdGlvbklkIjoiY29yLTEiLCJj' +
        'YXVzYXRpb25JZCI6ImNtZC0xIiwiYWN0b3IiOnsia2luZCI6InVzZXIiLCJpZCI6InVzcl8xIn0sInRlbmFudHMiOlsidGVuXzEiXSwic2NoZW' +
        '1hVmVyc2lvbiI6MX19',
    ],
    [
      'für',
      'BgEAAAAFAA8HAAAAAACAVv68eEJhcHAtMU5vZGVCZWNhbWVSZWFkeXsiaWQiOiJhMGVlYmM5OS05YzBiLTRlZjgtYmI2ZC02YmI5YmQzODBhMT' +
        'EiLCJkYXRhIjp7Im5vZGUiOiJmw7xyIn0sIm1ldGFkYXRhIjp7ImNvbW1hbmRJZCI6ImNtZC0xIiwiY29ycmVsYXRpb25JZCI6ImNvci0xIiwi' +
        'Y2F1c2F0aW9uSWQiOiJjbWQtMSIsImFjdG9yIjp7ImtpbmQiOiJ1c2VyIiwiaWQiOiJ1c3JfMSJ9LCJ0ZW5hbnRzIjpbInRlbl8xIl0sInNjaG' +
        'VtYVZlcnNpb24iOjF9fQ==',
    ],
  ])('are written as they have always been: %s', (node, golden) => {
    const metadata = {
      commandId: 'cmd-1',
      correlationId: 'cor-1',
      causationId: 'cmd-1',
      actor: { kind: 'user', id: 'usr_1' },
      tenants: ['ten_1'],
      schemaVersion: 1,
    } as const;
    const event = { id: 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', type: 'NodeBecameReady', data: { node }, metadata };
    expect(blockOf(encodeEvent('app-1', event)).toString('base64')).toBe(golden);
    expect(decodeRecord(Buffer.from(golden, 'base64'), 0, position)).toMatchObject({ ...event, stream: 'app-1', revision: 7 });
  });
});
