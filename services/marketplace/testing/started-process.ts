import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, existsSync } from 'node:fs';
import { dirname } from 'node:path';

export interface Command {
  /** `deployment-1` */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
  /** What it prints goes there. */
  readonly log: string;
  /** What it prints when it is ready. */
  readonly ready: RegExp;
}

/** A process that can be started, killed, frozen and started again. What it prints is in its log, and in {@link printed}. */
export class StartedProcess {
  private child: ChildProcess | undefined;
  /** In its last run. */
  printed = '';

  constructor(readonly options: Command) {}

  get name(): string {
    return this.options.name;
  }

  get pid(): number | undefined {
    return this.isRunning ? this.child?.pid : undefined;
  }

  get isRunning(): boolean {
    return this.child !== undefined && this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Fulfilled when it says that it is ready. @throws Error with the end of its log, when it ends before that */
  async start(environment: NodeJS.ProcessEnv = {}): Promise<void> {
    const { name, command, args, log, ready } = this.options;
    this.printed = '';
    // In a group of its own: Ctrl-C is for whoever has started it, who knows in which order things end.
    const child = spawn(command, args, {
      env: { ...this.options.environment, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    this.child = child;
    await new Promise<void>((resolve, reject) => {
      const read = (chunk: Buffer): void => {
        if (existsSync(dirname(log))) appendFileSync(log, chunk);
        if (this.printed.length < 100_000) this.printed += chunk.toString();
        if (ready.test(this.printed)) resolve();
      };
      child.stdout.on('data', read);
      child.stderr.on('data', read);
      child.once('error', reject);
      child.once('exit', (code, signal) => {
        reject(
          new Error(
            `${name} has ended (${String(code ?? signal)}) before it was ready; the end of its log, ${log}:\n${this.printed.slice(-2_000)}`,
          ),
        );
      });
    });
  }

  /** Asks it to end. Fulfilled with its exit code. */
  async end(): Promise<number | null> {
    return this.signal('SIGTERM');
  }

  /** kill -9, and wait until it is dead. */
  async kill(): Promise<void> {
    await this.signal('SIGKILL');
  }

  freeze(): void {
    this.child?.kill('SIGSTOP');
  }

  thaw(): void {
    this.child?.kill('SIGCONT');
  }

  private async signal(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null> {
    const { child } = this;
    if (!child || !this.isRunning) return child?.exitCode ?? null;
    const exited = once(child, 'exit');
    child.kill(signal);
    const [code] = (await exited) as [number | null];
    return code;
  }
}
