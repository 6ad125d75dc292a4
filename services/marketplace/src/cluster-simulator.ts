import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

interface Endpoint {
  readonly url: string;
  readonly pid: number;
}

const START_WITHIN = 30_000;
const STOP_WITHIN = 1_500;
const LOOK_EVERY = 1_000;

/**
 * Keeps the simulated cluster running: a process of its own, that outlives a crash of this one and is found again at the next start.
 * Started anew where it has died, stopped with this process.
 */
export class ClusterSimulator {
  private readonly directory: string;
  private child: ChildProcess | undefined;
  private watch: NodeJS.Timeout | undefined;
  private reviving = false;
  private started = false;

  constructor(
    private readonly dataDir: string,
    private readonly onRestart: () => void,
  ) {
    this.directory = join(dataDir, 'cluster-sim');
  }

  get kubeconfig(): string {
    return join(this.directory, 'kubeconfig.yaml');
  }

  /** Fulfilled when the cluster answers. */
  async start(): Promise<void> {
    if (!(await this.alive())) await this.launch(process.env);
    this.started = true;
    this.watch = setInterval(() => void this.revive(), LOOK_EVERY);
  }

  /** Fulfilled when the process is gone. One that was never found or launched here is left alone. */
  async stop(): Promise<void> {
    clearInterval(this.watch);
    const pid = this.started && (await this.alive()) ? (await this.endpoint())?.pid : this.child?.pid;
    if (pid === undefined || !exists(pid)) return;
    process.kill(pid, 'SIGTERM');
    for (const end = Date.now() + STOP_WITHIN; exists(pid) && Date.now() < end;) await delay(20);
    if (exists(pid)) process.kill(pid, 'SIGKILL');
  }

  private async revive(): Promise<void> {
    if (this.reviving) return;
    this.reviving = true;
    try {
      const endpoint = await this.endpoint();
      if (endpoint && exists(endpoint.pid)) return;
      await this.launch(withoutFailpoints(process.env));
      this.onRestart();
    } catch {
      // Its log tells why; the next look tries again.
    } finally {
      this.reviving = false;
    }
  }

  private async launch(environment: NodeJS.ProcessEnv): Promise<void> {
    mkdirSync(this.directory, { recursive: true, mode: 0o700 });
    this.child = this.spawn(environment);
    for (const end = Date.now() + START_WITHIN; Date.now() < end;) {
      if (await this.alive()) return;
      if (this.child.exitCode !== null) break;
      // Somebody has killed it before it was ready.
      if (this.child.signalCode !== null) this.child = this.spawn(withoutFailpoints(environment));
      await delay(20);
    }
    throw new Error(`the simulated cluster did not start; its log is ${join(this.directory, 'cluster-sim.log')}`);
  }

  private spawn(environment: NodeJS.ProcessEnv): ChildProcess {
    const log = openSync(join(this.directory, 'cluster-sim.log'), 'a', 0o600);
    const main = join(__dirname, '../../../libs/cluster-sim/src/main.js');
    const child = spawn(process.execPath, ['--enable-source-maps', main], {
      detached: true,
      stdio: ['ignore', log, log],
      env: { ...environment, SOUK_DATA_DIR: this.dataDir },
    });
    closeSync(log);
    child.unref();
    return child;
  }

  private async alive(): Promise<boolean> {
    const endpoint = await this.endpoint();
    if (!endpoint || !exists(endpoint.pid)) return false;
    try {
      return (await fetch(`${endpoint.url}/version`, { signal: AbortSignal.timeout(1_000) })).status < 500;
    } catch {
      return false;
    }
  }

  private async endpoint(): Promise<Endpoint | undefined> {
    try {
      return JSON.parse(await readFile(join(this.directory, 'endpoint.json'), 'utf8')) as Endpoint;
    } catch {
      return undefined;
    }
  }
}

/** What a failpoint has killed is not to be killed by it again and again. */
function withoutFailpoints(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return { ...environment, SOUK_FAILPOINTS: undefined };
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  return !isZombie(pid);
}

/** Ended, and waiting for a parent to take note: an adopted process is nobody's concern in a container without an init. Linux only. */
function isZombie(pid: number): boolean {
  try {
    return /^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
