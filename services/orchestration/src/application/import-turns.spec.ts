import { ImportTurns } from './import-turns';

/** Lets everything go on that can. */
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('Turns of imports', () => {
  const limits = { running: 2, waiting: 4, waitingOfOne: 2 };
  let turns: ImportTurns;
  let begun: string[];
  let ends: Map<string, () => void>;

  beforeEach(() => {
    turns = new ImportTurns(limits);
    begun = [];
    ends = new Map();
  });

  const come = (tenant: string, name: string) =>
    turns.inTurn(tenant, async () => {
      begun.push(name);
      await new Promise<void>((resolve) => ends.set(name, resolve));
    });
  const end = (name: string) => ends.get(name)!();

  it('are one for each tenant at a time, as many as there are threads, in the order of coming', async () => {
    const all = [come('a', 'a1'), come('a', 'a2'), come('b', 'b1'), come('c', 'c1')];
    await settled();
    expect(begun).toEqual(['a1', 'b1']);
    end('b1');
    await settled();
    expect(begun).toEqual(['a1', 'b1', 'c1']);
    end('a1');
    await settled();
    expect(begun).toEqual(['a1', 'b1', 'c1', 'a2']);
    end('a2');
    end('c1');
    await Promise.all(all);
  });

  it('are refused to whom too many stand before, of its own or of all', async () => {
    const names = ['a1', 'b1', 'a2', 'a3', 'b2', 'c1'];
    const all = names.map((name) => come(name.charAt(0), name));
    await expect(come('a', 'a4')).rejects.toMatchObject({ code: 'too-many-imports' });
    await expect(come('d', 'd1')).rejects.toMatchObject({ code: 'too-many-imports' });
    while (begun.length < names.length) {
      begun.forEach(end);
      await settled();
    }
    begun.forEach(end);
    await Promise.all(all);
    expect([...begun].sort()).toEqual([...names].sort());
  });

  it('hand a place over, so that nobody slips in between an end and the next beginning', async () => {
    const all = [come('a', 'a1'), come('b', 'b1'), come('c', 'c1')];
    await settled();
    end('a1');
    await all[0];
    all.push(come('d', 'd1'));
    await settled();
    expect(begun).toEqual(['a1', 'b1', 'c1']);
    end('b1');
    await settled();
    end('c1');
    end('d1');
    await Promise.all(all);
  });

  it('end with the work, however that ends', async () => {
    await expect(turns.inTurn('a', () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    await expect(turns.inTurn('a', () => Promise.resolve('done'))).resolves.toBe('done');
  });
});
