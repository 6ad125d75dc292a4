import { temporaryFolder } from '@souk/event-sourcing/testing';
import fc from 'fast-check';
import { type LmdbEnvironment, openEnvironment, type Range } from '.';

describe('LmdbTable', () => {
  const folder = temporaryFolder();
  let environment: LmdbEnvironment;
  beforeAll(async () => {
    environment = await openEnvironment(folder.path, { durability: 'ordered' });
  });
  afterAll(async () => {
    await environment.close();
    folder.remove();
  });

  it('answers any range in the order of its keys', async () => {
    const table = environment.openTable<number, string>('numbers', { encoding: 'text' });
    const bound = fc.option(fc.integer({ min: -1, max: 21 }), { nil: undefined });
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.integer({ min: 0, max: 20 })),
        fc.record({
          low: bound,
          high: bound,
          open: fc.boolean(),
          closed: fc.boolean(),
          reverse: fc.boolean(),
          limit: fc.option(fc.nat(5)),
        }),
        async (numbers, { low, high, open, closed, reverse, limit }) => {
          await environment.write(() => {
            table.clear();
            for (const n of numbers) table.put(n, `${n}`);
          });
          const range: Range<number> = {
            reverse,
            ...(low !== undefined && (open ? { gt: low } : { gte: low })),
            ...(high !== undefined && (closed ? { lte: high } : { lt: high })),
            ...(limit !== null && { limit }),
          };
          const expected = numbers
            .filter(
              (n) =>
                (low === undefined || (open ? n > low : n >= low)) && (high === undefined || (closed ? n <= high : n < high)),
            )
            .sort((a, b) => (reverse ? b - a : a - b))
            .slice(0, limit ?? undefined);
          expect([...table.keys(range)]).toEqual(expected);
          expect([...table.entries(range)]).toEqual(expected.map((key) => ({ key, value: `${key}` })));
        },
      ),
      { numRuns: 150 },
    );
  });

  it('orders composite keys element by element', async () => {
    const table = environment.openTable<[string, number], string>('composite', { encoding: 'text' });
    await environment.write(() => {
      table.put(['b', 1], '');
      table.put(['a', 10], '');
      table.put(['a', 9], '');
      table.put(['ab', 1], '');
    });
    expect([...table.keys({ gte: ['a', 9], lt: ['b', 0] })]).toEqual([
      ['a', 9],
      ['a', 10],
      ['ab', 1],
    ]);
  });

  it('keeps several values of one key in order, and removes one of them', async () => {
    const table = environment.openTable<string, string>('index', { encoding: 'key', duplicates: true });
    await environment.write(() => {
      for (const value of ['c', 'a', 'b', 'a']) table.put('key', value);
      table.put('other', 'z');
    });
    expect([...table.values('key')]).toEqual(['a', 'b', 'c']);
    await environment.write(() => table.remove('key', 'b'));
    expect([...table.entries()].map(({ value }) => value)).toEqual(['a', 'c', 'z']);
    await environment.write(() => table.remove('key'));
    expect([...table.keys()]).toEqual(['other']);
  });

  it('shows bytes without a copy, until the next read', async () => {
    const table = environment.openTable<string, Buffer>('peeked', { encoding: 'binary' });
    const values = ['', 'x', 'some more', 'x'.repeat(100_000), 'y'];
    await environment.write(() => values.forEach((value, n) => table.put(`${n}`, Buffer.from(value))));
    expect(values.map((_, n) => table.peek(`${n}`)?.toString())).toEqual(values);
    expect(table.peek('none')).toBeUndefined();
  });

  it('keeps bytes and small numbers as they are', async () => {
    const table = environment.openTable<number, Buffer>('bytes', { encoding: 'binary', keys: 'uint32' });
    await environment.write(() => {
      for (const n of [0, 1, 255, 256, 2 ** 32 - 1]) table.put(n, Buffer.from([n & 255]));
    });
    expect([...table.keys()]).toEqual([0, 1, 255, 256, 2 ** 32 - 1]);
    expect([...table.keys({ gt: 1, lte: 256, reverse: true })]).toEqual([256, 255]);
    expect(table.get(255)).toEqual(Buffer.from([255]));
    expect(table.get(3)).toBeUndefined();
  });

  it('reads bytes into a Buffer that the caller has, if they are not too many', async () => {
    const table = environment.openTable<number, Buffer>('into', { encoding: 'binary', keys: 'uint32' });
    const values = [1, 7, 8, 9, 70_000].map((length) => Buffer.alloc(length, length));
    await environment.write(() => {
      for (const [key, value] of values.entries()) table.put(key, value);
    });
    const into = Buffer.alloc(8, 255);
    for (const [key, value] of values.entries()) {
      const read = table.getInto(key, into)!;
      expect(read).toEqual(value);
      expect(read.buffer === into.buffer).toBe(value.length <= 8);
      // What is read next does not change it, unless it is read into the same place.
      table.getInto((key + 1) % values.length, Buffer.alloc(80_000));
      expect(read).toEqual(value);
    }
    expect(table.getInto(99, into)).toBeUndefined();
  });
});
