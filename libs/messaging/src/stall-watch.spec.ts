import { StallWatch } from './stall-watch';

describe('A watch over something that should move', () => {
  let elapse: () => Promise<void>;
  let at: string | undefined;
  let stalls: number;
  let watch: StallWatch;

  beforeEach(() => {
    let run: (() => void) | undefined;
    const timers = {
      after: (_: number, next: () => void) => {
        run = next;
        return () => (run = undefined);
      },
    };
    elapse = async () => {
      run?.();
      await new Promise(setImmediate);
    };
    stalls = 0;
    watch = new StallWatch(
      timers,
      () => Promise.resolve(at),
      () => stalls++,
    );
    watch.start();
  });

  const after = async (...places: (string | undefined)[]): Promise<boolean> => {
    for (at of places) await elapse();
    return watch.stalled;
  };

  it('is content while it moves', async () => expect(await after('1', '2', '3')).toBe(false));
  it('is content while there is nothing to do', async () => expect(await after(undefined, undefined)).toBe(false));
  it('finds out that it stands still, and says so once', async () => {
    expect(await after('1', '1', '1')).toBe(true);
    expect(stalls).toBe(1);
  });
  it('is content again when it moves again', async () => expect(await after('1', '1', '2')).toBe(false));
  it('looks no more when it is stopped', async () => {
    watch.stop();
    expect(await after('1', '1')).toBe(false);
  });
});
