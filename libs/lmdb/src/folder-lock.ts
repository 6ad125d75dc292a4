import { randomBytes } from 'node:crypto';
import { existsSync, linkSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { StoreLocked } from './storage-error';

/** Who holds a folder. `pid` alone is not enough: it may have been given to another process since. */
interface Holder {
  readonly pid: number;
  /** When that process started, in ticks of the running kernel; with `boot` it makes the pid unique. Absent where there is no /proc. */
  readonly started?: string;
  readonly boot?: string;
}

const lockFile = /^owner\.(\d+)$/;

/**
 * Makes this process the only user of a folder, until {@link release} or its death, however it dies.
 *
 * The lock is the file `owner.<n>` with the highest n; it names its holder. Whoever finds the holder dead or the lock released makes
 * `owner.<n+1>`, which only one can (link(2) never replaces a file). Numbers only grow, so that a slow taker cannot mistake a lock that
 * changed hands meanwhile for the one it looked at. Works among processes that see each other in /proc: of one host and one container.
 */
export class FolderLock {
  private constructor(
    private readonly folder: string,
    private readonly number: number,
  ) {}

  /** @throws StoreLocked while another holder lives (also in this very process) */
  static take(folder: string): FolderLock {
    mkdirSync(folder, { recursive: true });
    for (;;) {
      const highest = numbersIn(folder).at(-1) ?? 0;
      const holder = highest > 0 ? holderIn(folder, highest) : undefined;
      if (holder && isAlive(holder)) throw new StoreLocked(folder, holder.pid);
      if (claim(folder, highest + 1)) return new FolderLock(folder, highest + 1);
    }
  }

  release(): void {
    // Emptied, not removed: the next number must stay the next number.
    replace(join(this.folder, `owner.${this.number}`), '');
  }
}

/** Whether this process made the lock of that number, and it is still the highest. */
function claim(folder: string, number: number): boolean {
  const temporary = join(folder, `owner.${process.pid}.${randomBytes(6).toString('hex')}`);
  const target = join(folder, `owner.${number}`);
  writeFileSync(temporary, JSON.stringify(thisProcess()));
  try {
    linkSync(temporary, target);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(temporary, { force: true });
  }
  const numbers = numbersIn(folder);
  if (numbers.at(-1) !== number) {
    rmSync(target, { force: true });
    return false;
  }
  for (const older of numbers.slice(0, -1)) rmSync(join(folder, `owner.${older}`), { force: true });
  return true;
}

function numbersIn(folder: string): number[] {
  return readdirSync(folder)
    .flatMap((name) => lockFile.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
}

/** `undefined` for a released lock, and for one that the next holder has just removed. */
function holderIn(folder: string, number: number): Holder | undefined {
  try {
    const text = readFileSync(join(folder, `owner.${number}`), 'utf8');
    return text === '' ? undefined : (JSON.parse(text) as Holder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function replace(file: string, text: string): void {
  const temporary = `${file}.${randomBytes(6).toString('hex')}`;
  writeFileSync(temporary, text);
  renameSync(temporary, file);
}

function thisProcess(): Holder {
  const started = startOf(process.pid);
  const boot = bootId();
  return { pid: process.pid, ...(started !== undefined && { started }), ...(boot !== undefined && { boot }) };
}

function isAlive(holder: Holder): boolean {
  if (holder.boot !== undefined && holder.boot !== bootId()) return false;
  if (holder.started !== undefined) return startOf(holder.pid) === holder.started;
  try {
    process.kill(holder.pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Start time of a running process (proc(5), field 22 of stat); `undefined` where there is none, or it is a zombie. */
function startOf(pid: number): string | undefined {
  const stat = readIfThere(`/proc/${pid}/stat`);
  if (stat === undefined) return undefined;
  // The second field is the command in parentheses and may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
}

function bootId(): string | undefined {
  return readIfThere('/proc/sys/kernel/random/boot_id')?.trim();
}

function readIfThere(file: string): string | undefined {
  try {
    return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
  } catch {
    return undefined;
  }
}
