import { clusterTrial } from '../testing';

/** R11, small; the whole of it is `npm run faults -- R11`. */
describe('A marketplace whose cluster misbehaves', () => {
  jest.setTimeout(120_000);

  it('does everything once, and leaves nothing behind', async () => {
    const log: string[] = [];
    const result = await clusterTrial({
      instances: 3,
      seed: 1,
      outageMs: 500,
      timeoutMs: 600,
      watchIdleMs: 800,
      log: (line) => log.push(line),
    });
    expect(result).toMatchObject({ operations: 7, converged: 7, duplicates: 0, orphans: 0 });
    expect(Object.keys(result.faults).sort()).toEqual(expect.arrayContaining(['reset', 'status', 'timeout']));
  });
});
