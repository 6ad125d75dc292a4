import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const fault = pathToFileURL(join(__dirname, '../../../faults/r4.fault.mjs')).href;

/** The small form of R4, on what was built: `node scripts/build.mjs`. */
describe('One poison message in a hundred', () => {
  it('ends no process, is parked with the real reason, and leaves no trace when it is replayed', () => {
    const script = `
      const { run } = await import(${JSON.stringify(fault)});
      const { lagRatio, ...result } = await run({ small: true, seed: 20260301, log: () => undefined });
      process.stdout.write(JSON.stringify(result), () => process.exit(0));`;
    const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const { exits, parked, unparked, diff } = JSON.parse(stdout) as Record<string, number>;
    // How much others are held up is a figure for a quiet machine: `npm run faults -- r4`.
    expect({ exits, unparked, diff }).toEqual({ exits: 0, unparked: 0, diff: 0 });
    expect(parked).toBeGreaterThanOrEqual(8);
  }, 60_000);
});
