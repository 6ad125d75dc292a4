import { Child, temporaryFolder } from '@souk/event-sourcing/testing';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const canRaise = spawnSync('prlimit', ['--version']).status === 0;
if (!canRaise) process.stdout.write('storage-full.spec.ts: skipped, since there is no prlimit(1) to give room again\n');

(canRaise ? describe : describe.skip)('LmdbEnvironment without room on the disk', () => {
  it.each(['flushed', 'ordered'])(
    'refuses a write with StorageFull, keeps what it has, and goes on when there is room (%s)',
    async (durability) => {
      const folder = temporaryFolder();
      const child = new Child(join(__dirname, '..', 'test', 'writer.ts'), {
        // 4 MB for a file, the portable stand-in for a full disk.
        wrapper: ['bash', '-c', 'ulimit -S -f 4000; exec "$@"', 'bash'],
        args: [folder.path, durability, '100000', '100'],
      });
      expect(await child.line('full')).toBe('full true');
      const acknowledged = child.lines.flatMap((line) => /^ack (\d+)$/.exec(line)?.[1] ?? []);
      expect(acknowledged.length).toBeGreaterThan(5);
      expect(spawnSync('prlimit', ['--pid', String(child.pid), '--fsize=unlimited:unlimited']).status).toBe(0);
      child.write('go on\n');
      expect(await child.line('again')).toBe(`again false -1 ${acknowledged.join(' ')}`);
      await child.end();
      folder.remove();
    },
  );
});
