import { Child, temporaryFolder } from '@souk/event-sourcing/testing';
import { join } from 'node:path';

describe('LmdbEnvironment without room on the disk', () => {
  it.each(['flushed', 'ordered'])(
    'refuses a write with StorageFull, keeps what it has, and goes on when there is room (%s)',
    async (durability) => {
      const folder = temporaryFolder();
      const child = new Child(join(__dirname, '..', 'test', 'writer.ts'), {
        // 2 MB for a file, the portable stand-in for a full disk.
        wrapper: ['bash', '-c', 'ulimit -f 2000; exec "$@"', 'bash'],
        args: [folder.path, durability, '100000', '100'],
      });
      await child.end();
      const acknowledged = child.lines.flatMap((line) => /^ack (\d+)$/.exec(line)?.[1] ?? []);
      expect(child.lines).toContain('full');
      expect(child.lines.at(-1)).toBe(`again -1 ${acknowledged.slice(4).join(' ')}`);
      folder.remove();
    },
  );
});
