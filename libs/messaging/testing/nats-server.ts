import { freePort, temporaryFolder } from '@souk/event-sourcing/testing';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** Debian puts it where only root looks. */
const command = ['nats-server', '/usr/sbin/nats-server'].find((name) => spawnSync(name, ['--version']).status === 0);

/** Why specs of a real broker are skipped; `undefined` where they need not be. */
export const withoutNats: string | undefined =
  process.env['NATS_URL'] !== undefined || command !== undefined
    ? undefined
    : 'there is no nats-server in the PATH, and NATS_URL names none';

/** A broker of its own: a process on a free port, with a folder of its own, that can be killed, frozen, and robbed of its data. */
export class NatsServer {
  private child: ChildProcess | undefined;

  private constructor(
    readonly port: number,
    private readonly directory: string,
    private readonly removeFolder: () => void,
  ) {}

  /** @throws Error where there is no nats-server */
  static async start(): Promise<NatsServer> {
    const folder = temporaryFolder();
    const server = new NatsServer(await freePort(), join(folder.path, 'nats'), () => folder.remove());
    process.once('exit', () => server.child?.kill('SIGKILL'));
    await server.start();
    return server;
  }

  get url(): string {
    return `nats://127.0.0.1:${this.port}`;
  }

  /** Fulfilled when it takes connections. */
  async start(): Promise<void> {
    if (!command) throw new Error(withoutNats);
    const args = ['-js', '-sd', this.directory, '-a', '127.0.0.1', '-p', String(this.port)];
    const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    this.child = child;
    const lines = createInterface({ input: child.stderr });
    await new Promise<void>((resolve, reject) => {
      let last = '';
      lines.on('line', (line) => {
        last = line;
        if (line.includes('Server is ready')) resolve();
      });
      child.once('error', reject);
      child.once('exit', () => reject(new Error(`nats-server has ended: ${last}`)));
    });
  }

  /** Gone from one moment to the next. */
  async kill(): Promise<void> {
    const { child } = this;
    this.child = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }

  freeze(): void {
    this.child?.kill('SIGSTOP');
  }

  thaw(): void {
    this.child?.kill('SIGCONT');
  }

  /** What it had kept is gone. While it does not run. */
  wipe(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }

  async close(): Promise<void> {
    await this.kill();
    this.removeFolder();
  }
}
