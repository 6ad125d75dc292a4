import { StreamGate } from './stream-gate';

describe('StreamGate', () => {
  /** Work that ends when it is told to, and notes when it begins and ends. */
  const setup = () => {
    const gate = new StreamGate();
    const trace: string[] = [];
    const work = (name: string) => {
      let finish = (): void => undefined;
      const finished = new Promise<void>((resolve) => (finish = resolve));
      const run = async () => {
        trace.push(`${name} begins`);
        await finished;
        trace.push(`${name} ends`);
      };
      return { run, finish };
    };
    return { gate, trace, work };
  };

  it('lets many share a stream, in the turn in which they come', () => {
    const { gate, trace, work } = setup();
    for (const name of ['a', 'b']) void gate.shared('s', work(name).run);
    expect(trace).toEqual(['a begins', 'b begins']);
  });

  it('lets one alone in when all have left, and nobody before it is done', async () => {
    const { gate, trace, work } = setup();
    const [a, alone, b] = [work('a'), work('alone'), work('b')];
    const done = [gate.shared('s', a.run), gate.exclusive('s', alone.run), gate.shared('s', b.run)];
    alone.finish();
    b.finish();
    await Promise.resolve();
    expect(trace).toEqual(['a begins']);
    a.finish();
    await Promise.all(done);
    expect(trace).toEqual(['a begins', 'a ends', 'alone begins', 'alone ends', 'b begins', 'b ends']);
  });

  it('lets those who want to be alone in one after the other', async () => {
    const { gate, trace, work } = setup();
    const works = ['a', 'b', 'c'].map(work);
    const done = works.map(({ run }) => gate.exclusive('s', run));
    for (const { finish } of works.toReversed()) finish();
    await Promise.all(done);
    expect(trace).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
  });

  it('knows streams apart', async () => {
    const { gate, trace, work } = setup();
    const [a, b] = [work('a'), work('b')];
    const done = [gate.exclusive('s', a.run), gate.exclusive('t', b.run)];
    b.finish();
    await done[1];
    expect(trace).toContain('b ends');
    a.finish();
    await done[0];
  });

  it('is not shut by work that fails', async () => {
    const { gate } = setup();
    const fails = () => Promise.reject(new Error('boom'));
    await expect(gate.shared('s', fails)).rejects.toThrow('boom');
    await expect(gate.exclusive('s', fails)).rejects.toThrow('boom');
    expect(await gate.shared('s', () => Promise.resolve(1))).toBe(1);
    expect(await gate.exclusive('s', () => Promise.resolve(2))).toBe(2);
  });
});
