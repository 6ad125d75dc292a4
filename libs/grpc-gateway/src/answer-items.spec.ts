import fc from 'fast-check';
import { itemsOf, StreamBroken } from './answer-items';

const SSE = 'text/event-stream';

async function* chunked(text: string, cuts: readonly number[]): AsyncIterable<Uint8Array> {
  const bytes = Buffer.from(text);
  const places = [0, ...[...cuts].map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  for (const [n, from] of places.slice(0, -1).entries()) yield bytes.subarray(from, places[n + 1]);
}

async function all(type: string, text: string, cuts: readonly number[] = []): Promise<unknown[]> {
  const items = [];
  for await (const item of itemsOf(type, chunked(text, cuts))) items.push(item);
  return items;
}

describe('A streamed answer', () => {
  it('of server-sent events is told event by event, wherever its bytes are cut', async () => {
    const text = '\nevent: NodeApplied\nid: x-1\ndata: {"node":"größer"}\n\nid: x-2\r\ndata: {"node":\r\ndata: "b"}\r\n\r\n';
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(200), { maxLength: 12 }), async (cuts) => {
        expect(await all(SSE, text, cuts)).toEqual([
          { position: 'x-1', type: 'NodeApplied', node: 'größer' },
          { position: 'x-2', node: 'b' },
        ]);
      }),
    );
  });

  it('leaves out signs of life and comments', async () => {
    expect(await all(SSE, 'event: heartbeat\nid: 1\ndata: {}\n\n: comment\n\nid: x\n\n')).toEqual([]);
  });

  it('does not tell an event that is cut off', async () => {
    expect(await all(SSE, 'id: x-1\ndata: {"a":1}\n\nid: x-2\ndata: {"a":2}\n')).toEqual([{ position: 'x-1', a: 1 }]);
  });

  it('ends with an error when its source fails', async () => {
    await expect(all(SSE, 'id: x-1\ndata: {}\n\nevent: error\ndata: gone\n\n')).rejects.toThrow(StreamBroken);
  });

  it('of lines is told line by line', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(60), { maxLength: 6 }), async (cuts) => {
        expect(await all('application/x-ndjson', '{"id":"ä"}\n{"id":"b"}\n', cuts)).toEqual([{ id: 'ä' }, { id: 'b' }]);
      }),
    );
  });
});
