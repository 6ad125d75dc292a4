import { derivedUuid, parsePosition } from '@souk/event-sourcing';
import { Child, temporaryFolder } from '@souk/event-sourcing/testing';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { LmdbEventStore } from '.';

const WRITERS = 64;

describe('LmdbEventStore', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  beforeEach(() => {
    folder = temporaryFolder();
  });
  afterEach(() => folder.remove());

  it('loses and doubles nothing when it is killed under 64 writers, again and again', async () => {
    const acknowledged: string[] = [];
    for (const lines of [100, 1000, 2500, 700, 1700]) {
      const child = new Child(join(__dirname, '..', 'test', 'writers.ts'), { args: [folder.path, String(WRITERS)] });
      await child.printed(lines);
      await child.kill();
      // The last line may be cut off.
      acknowledged.push(...child.lines.filter((line) => /^\w+ \S+ \d+ \w{8}-\w{16}$/.test(line)));
      expect(child.lines.filter((line) => line.startsWith('twice'))).toEqual([]);
    }
    const store = await LmdbEventStore.open({ directory: folder.path });
    const stored = new Set<string>();
    const heads = new Map<string, number>();
    let ordinal = 0n;
    for await (const { stream, revision, position, id } of store.readAll()) {
      expect(id).toBe(derivedUuid(stream, revision));
      expect(revision).toBe((heads.get(stream) ?? -1) + 1);
      expect(parsePosition(position)?.ordinal).toBe(++ordinal);
      heads.set(stream, revision);
      stored.add(`ack ${stream} ${revision} ${position}`);
    }
    for (const [stream, head] of heads) {
      let count = 0;
      for await (const { revision } of store.readStream(stream)) expect(revision).toBe(count++);
      expect(count).toBe(head + 1);
    }
    expect(acknowledged.length).toBeGreaterThan(5000);
    expect(acknowledged.filter((line) => !stored.has(line))).toEqual([]);
    expect(store.stats()).toMatchObject({ events: Number(ordinal), streams: WRITERS });
    await store.close();
  });

  const canRaise = spawnSync('prlimit', ['--version']).status === 0;
  if (!canRaise) process.stdout.write('a full disk: skipped, since there is no prlimit(1) to give room again\n');
  (canRaise ? it : it.skip)(
    'answers StoreFull when the disk takes no more, keeps what it has acknowledged, and goes on when it does',
    async () => {
      const child = new Child(join(__dirname, '..', 'test', 'until-full.ts'), {
        wrapper: ['bash', '-c', 'ulimit -S -f 4000; exec "$@"', 'bash'],
        args: [folder.path],
      });
      await child.line('full');
      expect(spawnSync('prlimit', ['--pid', String(child.pid), '--fsize=unlimited:unlimited']).status).toBe(0);
      child.write('go on\n');
      expect(await child.line('again')).toBe('again 0');
      await child.end();
      const acknowledged = child.lines.flatMap((line) => /^ack (.*)/.exec(line)?.[1] ?? []);
      const held = child.lines.flatMap((line) => /^holds (.*)/.exec(line)?.[1] ?? []);
      expect(acknowledged.length).toBeGreaterThan(50);
      expect(held.slice(0, -1).sort()).toEqual(acknowledged.sort());
    },
  );
});
