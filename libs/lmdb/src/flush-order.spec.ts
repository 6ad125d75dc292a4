import { Child, temporaryFolder } from '@souk/event-sourcing/testing';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const strace = spawnSync('strace', ['-f', '-o', '/dev/null', 'true']);
const traceable = strace.status === 0;
if (!traceable) process.stdout.write(`flush-order.spec.ts: skipped, since strace cannot be run here\n`);

(traceable ? describe : describe.skip)('a flushed write', () => {
  it.each(['', 'blind'])('has its data and then its meta page on disk before it is acknowledged (%s)', async (kind) => {
    const folder = temporaryFolder();
    const trace = join(folder.path, 'trace');
    const child = new Child(join(__dirname, '..', 'test', 'writer.ts'), {
      wrapper: ['strace', '-f', '-o', trace, '-e', 'trace=openat,fdatasync,pwrite64,pwritev,write'],
      args: [join(folder.path, 'data'), 'flushed', '10', '20', kind],
    });
    await child.end();
    const steps = readFileSync(trace, 'utf8').split('\n').flatMap(step);
    folder.remove();
    expect(steps.filter((name) => name === 'ack')).toHaveLength(20);
    // Between two acknowledgements: pages written, flushed, then the meta page by a descriptor that writes through (O_DSYNC).
    const commits = steps
      .slice(0, steps.lastIndexOf('ack') + 1)
      .join(' ')
      .split('ack')
      .slice(1, -1);
    for (const commit of commits) expect(commit).toMatch(/flush.*meta/);
  });
});

let throughDescriptor: string | undefined;

/** What a line of the trace does; a call that another thread interrupted counts where it ends. */
function step(line: string): string[] {
  const opened = /openat\(.*data\.mdb", [^)]*O_DSYNC[^)]*\) = (\d+)/.exec(line);
  if (opened) throughDescriptor = opened[1];
  if (/fdatasync(\(| resumed).* = 0/.test(line)) return ['flush'];
  if (throughDescriptor !== undefined && line.includes(`pwrite64(${throughDescriptor}, `)) return ['meta'];
  if (/write\(1, "ack /.test(line)) return ['ack'];
  return [];
}
