import { Child, temporaryFolder } from '@souk/event-sourcing/testing';
import { join } from 'node:path';
import { type LmdbEnvironment, openEnvironment, SMALL, StorageClosed } from '.';

const fixtures = join(__dirname, '..', 'test');

describe.each(['flushed', 'ordered'] as const)('LmdbEnvironment (%s)', (durability) => {
  let folder: ReturnType<typeof temporaryFolder>;
  let environment: LmdbEnvironment;

  beforeEach(async () => {
    folder = temporaryFolder();
    environment = await openEnvironment(folder.path, { durability });
  });
  afterEach(async () => {
    await environment.close();
    folder.remove();
  });

  const people = () => environment.openTable<string, { name: string }>('people', { encoding: 'json' });

  describe('writing', () => {
    it('answers what the change answers, and keeps what it did', async () => {
      const table = people();
      const before = await environment.write(() => {
        const read = table.get('1');
        table.put('1', { name: 'Ada' });
        return [read, table.get('1')];
      });
      expect(before).toEqual([undefined, { name: 'Ada' }]);
      expect(table.get('1')).toEqual({ name: 'Ada' });
    });

    it('keeps nothing of a change that throws, and all of those beside it', async () => {
      const table = people();
      const boom = new Error('boom');
      const writes = [1, 2, 3].map((n) =>
        environment.write(() => {
          table.put(`${n}a`, { name: 'x' });
          if (n === 2) throw boom;
          table.put(`${n}b`, { name: 'x' });
        }),
      );
      const results = await Promise.allSettled(writes);
      expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
      await expect(writes[1]).rejects.toBe(boom);
      expect([...table.keys()]).toEqual(['1a', '1b', '3a', '3b']);
    });

    it('runs changes in the order of the calls, each on what the one before left', async () => {
      const counters = environment.openTable<string, number>('counters', { encoding: 'json' });
      const increments = Array.from({ length: 200 }, () =>
        environment.write(() => {
          const next = (counters.get('n') ?? 0) + 1;
          counters.put('n', next);
          return next;
        }),
      );
      expect(await Promise.all(increments)).toEqual(Array.from({ length: 200 }, (_, i) => i + 1));
    });

    it('refuses a change that awaits, and one outside of a write', async () => {
      const table = people();
      await expect(
        environment.write(async () => {
          table.put('1', { name: 'x' });
          return Promise.resolve();
        }),
      ).rejects.toThrow(TypeError);
      expect(table.has('1')).toBe(false);
      expect(() => table.put('1', { name: 'x' })).toThrow('only within');
    });

    it('keeps blind writes, all of one or none', async () => {
      const table = people();
      await Promise.all(
        Array.from({ length: 50 }, (_, n) =>
          environment.writeBlind(() => {
            table.put(`${n}`, { name: 'x' });
            table.put(`${n}b`, { name: 'y' });
          }, SMALL),
        ),
      );
      expect(table.count()).toBe(100);
      await environment.writeBlind(() => table.clear(), SMALL);
      expect(table.count()).toBe(0);
    });
  });

  describe('closing', () => {
    it('waits for the writes under way, and refuses later ones', async () => {
      const table = people();
      const write = environment.write(() => table.put('1', { name: 'Ada' }));
      await environment.close();
      await write;
      await expect(environment.write(() => undefined)).rejects.toThrow(StorageClosed);
      expect(() => table.get('1')).toThrow(StorageClosed);
      environment = await openEnvironment(folder.path, { durability });
      expect(people().get('1')).toEqual({ name: 'Ada' });
    });
  });

  it('opens a table with the same options only', () => {
    expect(people()).toBe(people());
    expect(() => environment.openTable('people', { encoding: 'text' })).toThrow('other options');
  });

  it('says how large it is', async () => {
    const before = environment.stats().bytes;
    const table = environment.openTable<string, string>('texts', { encoding: 'text' });
    await environment.write(() => table.put('x', 'x'.repeat(100_000)));
    expect(environment.stats().bytes - before).toBeGreaterThan(100_000);
  });

  it('keeps all that it has acknowledged when it is killed', async () => {
    await environment.close();
    const child = new Child(join(fixtures, 'writer.ts'), { args: [folder.path, durability] });
    await child.printed(200);
    await child.kill();
    environment = await openEnvironment(folder.path, { durability });
    const table = environment.openTable<number, string>('log', { encoding: 'text' });
    const acknowledged = child.lines.filter((line) => line.startsWith('ack ')).map((line) => Number(line.slice(4)));
    expect(acknowledged.length).toBeGreaterThan(100);
    expect(acknowledged.filter((n) => table.get(n) !== `value ${n}`)).toEqual([]);
  });
});
