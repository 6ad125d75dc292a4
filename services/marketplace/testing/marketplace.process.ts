import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { TestUser } from './marketplace.harness';

const START = join(__dirname, '../../../scripts/start.mjs');

/** A marketplace as `npm start` runs it: real processes, that can be killed. */
export class MarketplaceProcess {
  private child: ChildProcess | undefined;
  private port = '0';
  url = '';
  operatorToken = '';

  /** @param environment beyond that of this process */
  constructor(
    private readonly environment: Readonly<Record<string, string>> = {},
    readonly dataDir = mkdtempSync(join(tmpdir(), 'souk-process-')),
  ) {}

  /** Fulfilled with what it has printed, when it is ready. @param environment of this run alone */
  async start(environment: NodeJS.ProcessEnv = {}): Promise<string> {
    const child = spawn(process.execPath, [START], {
      env: {
        ...process.env,
        SOUK_GRPC_PORT: 'off',
        ...this.environment,
        PORT: this.port,
        SOUK_DATA_DIR: this.dataDir,
        ...environment,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child = child;
    const printed = await new Promise<string>((resolve, reject) => {
      let text = '';
      const read = (chunk: Buffer): void => {
        text += chunk.toString();
        if (/Ctrl-C/.test(text)) resolve(text);
      };
      child.stdout.on('data', read);
      child.stderr.on('data', read);
      child.once('exit', (code) => {
        reject(new Error(`the marketplace ended with ${String(code)}:\n${text}`));
      });
    });
    this.url = /API\s+(\S+)/.exec(printed)?.[1] ?? '';
    this.port = new URL(this.url).port;
    this.operatorToken ||= /token\s+(ey\S+)/.exec(printed)?.[1] ?? '';
    return printed;
  }

  get operator(): TestUser {
    return new TestUser(this.url, this.operatorToken, 'platform');
  }

  /** kill -9, and wait until it is dead. */
  async kill(): Promise<void> {
    await this.end('SIGKILL');
  }

  /** kill -9 of the simulated cluster alone. */
  killCluster(): void {
    process.kill(this.clusterPid, 'SIGKILL');
  }

  get clusterPid(): number {
    return (JSON.parse(readFileSync(join(this.dataDir, 'cluster-sim', 'endpoint.json'), 'utf8')) as { pid: number }).pid;
  }

  get pid(): number {
    return this.child?.pid ?? 0;
  }

  /** An object or list of the cluster; `undefined` where there is none. */
  async cluster<T>(path: string): Promise<T | undefined> {
    const kubeconfig = parse(readFileSync(join(this.dataDir, 'cluster-sim', 'kubeconfig.yaml'), 'utf8')) as {
      clusters: { cluster: { server: string } }[];
      users: { user: { token: string } }[];
    };
    const response = await fetch(kubeconfig.clusters[0]!.cluster.server + path, {
      headers: { authorization: `Bearer ${kubeconfig.users[0]!.user.token}` },
    });
    return response.status === 404 ? undefined : ((await response.json()) as T);
  }

  /** Ctrl-C. Fulfilled with the exit code. */
  async stop(): Promise<number | null> {
    return this.end('SIGINT');
  }

  /** Whatever still runs, and everything that was kept. */
  async destroy(): Promise<void> {
    await this.end('SIGKILL');
    try {
      process.kill(this.clusterPid, 'SIGKILL');
    } catch {
      // It has ended already.
    }
    rmSync(this.dataDir, { recursive: true, force: true });
  }

  private async end(signal: 'SIGINT' | 'SIGKILL'): Promise<number | null> {
    const { child } = this;
    if (!child || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null;
    const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
    child.kill(signal);
    return ended;
  }
}
