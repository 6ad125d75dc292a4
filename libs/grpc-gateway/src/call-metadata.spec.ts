import { Metadata } from '@grpc/grpc-js';
import { headersOf, metadataOf } from './call-metadata';
import { RefusedCall } from './gateway-problems';

const metadata = (entries: Record<string, string>): Metadata => Metadata.fromHttp2Headers(entries);

async function* nothing(): AsyncIterable<Uint8Array> {
  // An answer without a body.
}

describe('Metadata of a call', () => {
  it('become headers of the request, as far as they are known', () => {
    const given = { authorization: 'Bearer x', 'if-match': '"3"', host: 'elsewhere', cookie: 'a=b', 'content-length': '7' };
    expect(headersOf(metadata({ ...given, 'x-at-least': 'x-1' }))).toEqual({
      headers: { authorization: 'Bearer x', 'if-match': '"3"' },
      atLeast: 'x-1',
    });
  });

  it('of more than 8 KB are refused', () => {
    expect(() => headersOf(metadata({ 'idempotency-key': 'a'.repeat(8_193) }))).toThrow(RefusedCall);
  });

  it('that are there twice are refused', () => {
    const twice = metadata({ authorization: 'Bearer a' });
    twice.add('authorization', 'Bearer b');
    expect(() => headersOf(twice)).toThrow(RefusedCall);
  });
});

describe('Headers of an answer', () => {
  it('become metadata, as far as they are for the caller', () => {
    const headers = { etag: '"3"', 'x-event-position': 'x-1', 'content-length': '7', 'set-cookie': ['a=b'] };
    expect(metadataOf({ status: 200, headers, body: nothing() }).getMap()).toEqual({ etag: '"3"', 'x-event-position': 'x-1' });
  });
});
