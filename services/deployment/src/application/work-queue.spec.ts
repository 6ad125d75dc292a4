import { type Outcome, WorkQueue } from './work-queue';

/** Work that is finished from outside. */
class Bench {
  readonly begun: string[] = [];
  private readonly open = new Map<string, (outcome: Outcome | Error) => void>();
  readonly errors: unknown[] = [];
  readonly queue: WorkQueue;

  constructor(parallel = 2) {
    this.queue = new WorkQueue(
      (key) => {
        this.begun.push(key);
        return new Promise((fulfil, reject) => {
          this.open.set(key, (outcome) => (outcome instanceof Error ? reject(outcome) : fulfil(outcome)));
        });
      },
      { parallel, firstPauseMs: 5, longestPauseMs: 20, onError: (_, error) => this.errors.push(error) },
    );
  }

  finish(key: string, outcome: Outcome | Error = {}): void {
    this.open.get(key)!(outcome);
  }

  async begins(count: number): Promise<void> {
    while (this.begun.length < count) await new Promise((fulfil) => setImmediate(fulfil));
  }
}

describe('WorkQueue', () => {
  it('works on several keys side by side, as many as it may', async () => {
    const bench = new Bench(2);
    for (const key of ['a', 'b', 'c']) bench.queue.call(key);
    await bench.begins(2);
    expect(bench.begun).toEqual(['a', 'b']);
    bench.finish('a');
    await bench.begins(3);
    expect(bench.begun).toEqual(['a', 'b', 'c']);
  });

  it('never works on one key twice at a time, and once more for any number of calls meanwhile', async () => {
    const bench = new Bench();
    bench.queue.call('a');
    await bench.begins(1);
    bench.queue.call('a');
    bench.queue.call('a');
    expect(bench.begun).toEqual(['a']);
    bench.finish('a');
    await bench.begins(2);
    bench.finish('a');
    await bench.queue.stop();
    expect(bench.begun).toEqual(['a', 'a']);
  });

  it('gathers calls that may wait a moment, and forgets them where somebody calls at once', async () => {
    const bench = new Bench();
    for (let i = 0; i < 3; i++) bench.queue.callWithin('a', 5);
    bench.queue.callWithin('b', 60_000);
    expect(bench.begun).toEqual([]);
    await bench.begins(1);
    bench.queue.call('b');
    await bench.begins(2);
    expect(bench.begun).toEqual(['a', 'b']);
    bench.finish('a', { done: true });
    bench.finish('b', { done: true });
    await new Promise((fulfil) => setImmediate(fulfil));
    expect(bench.queue.idle).toBe(true);
  });

  it('keeps its pause after a failure, whoever was to be heard in a moment', async () => {
    const bench = new Bench();
    bench.queue.call('a');
    await bench.begins(1);
    bench.queue.callWithin('a', 60_000);
    bench.finish('a', new Error('unreachable'));
    await bench.begins(2);
    bench.finish('a', { done: true });
    await new Promise((fulfil) => setImmediate(fulfil));
    expect(bench.queue.idle).toBe(true);
  });

  it('tries again after a failure', async () => {
    const bench = new Bench();
    bench.queue.call('a');
    await bench.begins(1);
    bench.finish('a', new Error('unreachable'));
    await bench.begins(2);
    expect(bench.errors).toHaveLength(1);
  });

  it('looks again at the time it was told', async () => {
    const bench = new Bench();
    bench.queue.call('a');
    await bench.begins(1);
    bench.finish('a', { lookAgainAt: new Date(Date.now() + 5).toISOString() });
    await bench.begins(2);
    expect(bench.begun).toEqual(['a', 'a']);
  });

  it('lets what runs finish when it is stopped, and begins nothing', async () => {
    const bench = new Bench(1);
    bench.queue.call('a');
    bench.queue.call('b');
    await bench.begins(1);
    const stopped = bench.queue.stop();
    bench.finish('a', new Error('late'));
    await stopped;
    bench.queue.call('c');
    expect(bench.begun).toEqual(['a']);
    expect(bench.queue.idle).toBe(true);
  });
});
