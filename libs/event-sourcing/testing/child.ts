import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export interface ChildOptions {
  /** Command to put in front: `['strace', '-f']`, `['bash', '-c', 'ulimit -f 100; exec "$@"', 'bash']`. */
  readonly wrapper?: readonly string[];
  readonly args?: readonly string[];
}

/** A TypeScript file of this repository that runs in a process of its own: to be killed, traced, or starved of disk. */
export class Child {
  private readonly output: string[] = [];
  private errors = '';
  private readonly listeners = new Set<() => void>();
  private readonly process: ChildProcessWithoutNullStreams;
  private readonly ended: Promise<void>;
  /** Exit code; `null` when it was ended by a signal, `undefined` while it runs. */
  code: number | null | undefined;

  constructor(file: string, { wrapper = [], args = [] }: ChildOptions = {}) {
    const [command, ...rest] = [...wrapper, process.execPath, '-r', join(__dirname, 'typescript-hook.cjs'), file, ...args];
    this.process = spawn(command!, rest);
    this.process.stderr.on('data', (chunk: Buffer) => (this.errors += chunk.toString()));
    createInterface({ input: this.process.stdout }).on('line', (line) => {
      this.output.push(line);
      this.notify();
    });
    this.ended = once(this.process, 'close').then(([code]: unknown[]) => {
      this.code = code as number | null;
      this.notify();
    });
  }

  get pid(): number {
    return this.process.pid!;
  }

  /** The lines it has printed so far. */
  get lines(): readonly string[] {
    return this.output;
  }

  /** Waits for a line that begins so; the error quotes what the child wrote to stderr when it ends without. */
  async line(start: string): Promise<string> {
    await this.until(() => this.code !== undefined || this.output.some((line) => line.startsWith(start)));
    const line = this.output.find((candidate) => candidate.startsWith(start));
    if (line === undefined) throw new Error(`the child ended (${String(this.code)}) without "${start}": ${this.errors}`);
    return line;
  }

  /** Waits until it has printed that many lines, or has ended. */
  async printed(count: number): Promise<void> {
    await this.until(() => this.code !== undefined || this.output.length >= count);
  }

  /** Writes to its standard input. */
  write(text: string): void {
    this.process.stdin.write(text);
  }

  /** kill -9; fulfilled when it is gone and all that it printed has arrived. */
  async kill(): Promise<void> {
    this.process.kill('SIGKILL');
    await this.ended;
  }

  /** As Ctrl-C does; fulfilled when it has ended. */
  async interrupt(): Promise<void> {
    this.process.kill('SIGINT');
    await this.ended;
  }

  /** Closes its standard input and waits for its end; the error quotes its stderr when that is not a clean one. */
  async end(): Promise<void> {
    this.process.stdin.end();
    await this.ended;
    if (this.code !== 0) throw new Error(`the child ended with ${String(this.code)}: ${this.errors}`);
  }

  private until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const check = (): void => {
        if (!condition()) return;
        this.listeners.delete(check);
        resolve();
      };
      this.listeners.add(check);
      check();
    });
  }

  private notify(): void {
    for (const listener of this.listeners) listener();
  }
}
