import type { IncomingMessage } from 'node:http';
import { PassThrough } from 'node:stream';
import { Bodies, BodyRefused } from './bodies';

/** A request as far as its body matters. */
function request(headers: Record<string, string> = {}): IncomingMessage & PassThrough {
  return Object.assign(new PassThrough(), { headers }) as unknown as IncomingMessage & PassThrough;
}

async function statusOf(body: Promise<Buffer>): Promise<number> {
  const refused: unknown = await body.catch((error: unknown) => error);
  if (!(refused instanceof BodyRefused)) throw new Error('it was taken');
  return refused.statusCode;
}

describe('Bodies', () => {
  it('are whole, however they come', async () => {
    const drops = request();
    const taken = new Bodies(100_000).take(drops, 50_000);
    for (let i = 0; i < 5_000; i++) drops.write(String(i % 10));
    drops.end();
    expect((await taken).toString()).toBe('0123456789'.repeat(500));
  });

  it('are refused above their limit: at once where they say so, else as soon as they are', async () => {
    const bodies = new Bodies(100_000);
    expect(await statusOf(bodies.take(request({ 'content-length': '11' }), 10))).toBe(413);
    const longer = request();
    const taken = bodies.take(longer, 10);
    longer.write('0123456789');
    longer.write('0');
    expect(await statusOf(taken)).toBe(413);
  });

  it('are refused when together they take up too much, until one was released', async () => {
    const bodies = new Bodies(10_000);
    const [first, second, third] = [request(), request(), request()];
    const begun = bodies.take(first, 8_000);
    first.end(Buffer.alloc(8_000));
    await begun;
    const refused = bodies.take(second, 8_000);
    second.write(Buffer.alloc(4_000));
    expect(await statusOf(refused)).toBe(503);
    bodies.release(first);
    const taken = bodies.take(third, 8_000);
    third.end(Buffer.alloc(8_000));
    expect(await taken).toHaveLength(8_000);
  });

  it('count while they are unfinished, and no more when they were refused', async () => {
    const bodies = new Bodies(10_000);
    const stalled = request();
    void bodies.take(stalled, 10_000);
    stalled.write(Buffer.alloc(6_000));
    const refused = request();
    const other = bodies.take(refused, 10_000);
    refused.write(Buffer.alloc(3_000));
    refused.write(Buffer.alloc(3_000));
    expect(await statusOf(other)).toBe(503);
    const small = request();
    const taken = bodies.take(small, 10_000);
    small.end(Buffer.alloc(4_000));
    expect(await taken).toHaveLength(4_000);
  });
});
