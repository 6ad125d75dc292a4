import { EventStoreOverloaded } from './errors';
import { InFlight } from './in-flight';

/** Work that ends when it is told to. */
class Work {
  readonly begun: number[] = [];
  private readonly ends = new Map<number, (error?: Error) => void>();

  readonly run = (n: number) => (): Promise<number> => {
    this.begun.push(n);
    return new Promise((resolve, reject) => this.ends.set(n, (error) => (error ? reject(error) : resolve(n))));
  };

  end(n: number, error?: Error): void {
    this.ends.get(n)!(error);
  }
}

describe('Work in flight', () => {
  it('is so much at once; the rest waits in order, also after a failure', async () => {
    const work = new Work();
    const inFlight = new InFlight(2, 10);
    const all = [0, 1, 2, 3].map((n) => inFlight.run(work.run(n)));
    expect(work.begun).toEqual([0, 1]);
    work.end(1);
    await all[1];
    await Promise.resolve();
    expect(work.begun).toEqual([0, 1, 2]);
    work.end(0, new Error('no'));
    await expect(all[0]).rejects.toThrow('no');
    await Promise.resolve();
    expect(work.begun).toEqual([0, 1, 2, 3]);
    work.end(2);
    work.end(3);
    await inFlight.idle();
    expect(await Promise.all(all.slice(1))).toEqual([1, 2, 3]);
  });

  it('is refused when too much waits', async () => {
    const work = new Work();
    const inFlight = new InFlight(1, 1);
    const first = inFlight.run(work.run(0));
    const second = inFlight.run(work.run(1));
    await expect(inFlight.run(work.run(2))).rejects.toThrow(EventStoreOverloaded);
    work.end(0);
    await first;
    await Promise.resolve();
    work.end(1);
    await second;
    expect(work.begun).toEqual([0, 1]);
  });
});
