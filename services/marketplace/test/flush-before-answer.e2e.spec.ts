import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { MarketplaceProcess, Story } from '../testing';

/** Strace runs here, and may look at a process that it has not started itself. */
const traceable = spawnSync('strace', ['-f', '-o', '/dev/null', 'true']).status === 0 && mayAttach();
if (!traceable) process.stdout.write('flush-before-answer.e2e.spec.ts: skipped, since strace cannot attach to a process here\n');

const POSTS = 10;

/** By the system calls of the process, from the event to the answer. */
(traceable ? describe : describe.skip)('A POST that is answered', () => {
  jest.setTimeout(60_000);
  const marketplace = new MarketplaceProcess();
  afterAll(() => marketplace.destroy());

  it('has its event and then the meta page on disk before the first byte of the answer is sent', async () => {
    await marketplace.start();
    const story = await Story.begin(marketplace.operator, marketplace.url);
    const file = join(marketplace.dataDir, 'trace');
    const endTrace = await traceTo(file, marketplace.pid);
    for (let i = 0; i < POSTS; i++) {
      const app = { name: `App ${i}`, distributionType: 'instance', hostingMode: 'edge', platforms: ['linux/amd64'] };
      const headers = { 'x-request-id': `request-${i}-` };
      expect((await story.provider.post('/v1/apps', { ...app, summary: `summary-${i}-` }, headers)).status).toBe(201);
    }
    await endTrace();
    const steps = stepsOf(readFileSync(file, 'utf8'), throughDescriptors(marketplace.pid));
    for (let i = 0; i < POSTS; i++) {
      const from = steps.findIndex(({ kind, text }) => kind === 'event' && text.includes(`summary-${i}-`));
      const to = steps.findIndex(({ kind, text }) => kind === 'answer' && text.includes(`request-${i}-`));
      expect(from).toBeGreaterThanOrEqual(0);
      const between = steps.slice(from, to).map(({ kind }) => kind);
      expect(between.join(' ')).toMatch(/^event.* flush.* meta/);
    }
  });
});

interface Step {
  /** `event`: bytes go to the event store. `flush` and `meta`: they are on disk, and so is what makes them count. */
  readonly kind: 'event' | 'flush' | 'meta' | 'answer';
  readonly text: string;
}

/** What the process did, in order: writes where they begin, flushes where they have succeeded. */
function stepsOf(trace: string, through: readonly string[]): Step[] {
  const unfinished = new Map<string, string>();
  return trace.split('\n').flatMap((line): Step[] => {
    const [, thread = '', call = ''] = /^(\d+) +(.*)$/.exec(line) ?? [];
    const resumed = /^<\.\.\. \w+ resumed>(.*)/.exec(call)?.[1];
    const text = resumed === undefined ? call : `${unfinished.get(thread) ?? ''}${resumed}`;
    if (call.endsWith('<unfinished ...>')) unfinished.set(thread, call);
    else if (resumed !== undefined) unfinished.delete(thread);
    const ended = / = \d+$/.test(call);
    const target = /^\w+\((\d+)<([^>]*)>/.exec(text);
    if (!target) return [];
    const [, descriptor = '', path = ''] = target;
    if (resumed === undefined && path.startsWith('socket:') && text.includes('HTTP/1.1 201')) return [{ kind: 'answer', text }];
    if (!path.endsWith('/events/data.mdb')) return [];
    if (text.startsWith('fdatasync')) return ended ? [{ kind: 'flush', text }] : [];
    if (through.includes(descriptor)) return ended ? [{ kind: 'meta', text }] : [];
    return resumed === undefined && /^p?writev?/.test(text) ? [{ kind: 'event', text }] : [];
  });
}

/** Descriptors of the event store that write through to the disk (O_DSYNC), as proc(5) tells. */
function throughDescriptors(pid: number): string[] {
  return readdirSync(`/proc/${pid}/fd`).filter((descriptor) => {
    const flags = parseInt(/flags:\s*(\d+)/.exec(readFileSync(`/proc/${pid}/fdinfo/${descriptor}`, 'utf8'))![1]!, 8);
    return readlinkSync(`/proc/${pid}/fd/${descriptor}`).endsWith('/events/data.mdb') && (flags & 0o10000) !== 0;
  });
}

/** Answers, when it has begun, how to end it. */
async function traceTo(file: string, pid: number): Promise<() => Promise<void>> {
  const calls = 'trace=write,writev,sendto,sendmsg,pwrite64,pwritev,fdatasync';
  const strace = spawn('strace', ['-f', '-y', '-s', '65536', '-o', file, '-e', calls, '-p', String(pid)]);
  let said = '';
  await new Promise<void>((resolve, reject) => {
    strace.stderr.on('data', (chunk) => {
      if ((said += String(chunk)).includes('attached')) resolve();
    });
    strace.once('exit', () => reject(new Error(`strace did not attach: ${said}`)));
  });
  return async () => {
    const ended = once(strace, 'exit');
    strace.kill('SIGINT');
    await ended;
  };
}

function mayAttach(): boolean {
  if (process.getuid?.() === 0) return true;
  try {
    return readFileSync('/proc/sys/kernel/yama/ptrace_scope', 'utf8').trim() === '0';
  } catch {
    return true;
  }
}
