import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Cluster } from '../../examples/demo/cluster.mjs';

const main = fileURLToPath(new URL('../../dist/services/marketplace/src/main.js', import.meta.url));

/** A marketplace and its simulated cluster as the processes that they are, to be killed and started again over the same data. */
export class MortalMarketplace {
  dataDir = mkdtempSync(join(tmpdir(), 'souk-faults-'));
  url;
  token;
  starts = 0;
  /** Failpoints that have killed the marketplace, with how often. */
  killedAt = {};
  #child;
  #errors = '';
  #port = '0';
  /** Fulfilled when the process has ended. */
  ended = Promise.resolve();
  #cleanUp = () => this.#endEverything();

  /** @param environment of both processes, beside that of this one */
  constructor(environment = {}) {
    this.environment = environment;
    process.once('exit', this.#cleanUp);
  }

  /** @param failpoints plan of SOUK_FAILPOINTS. @returns false where the process was killed by it before it was ready */
  async start(failpoints = '') {
    this.starts++;
    this.#errors = '';
    const child = spawn(process.execPath, ['--enable-source-maps', main], {
      env: {
        ...process.env,
        ...this.environment,
        PORT: this.#port,
        SOUK_GRPC_PORT: 'off',
        SOUK_DATA_DIR: this.dataDir,
        SOUK_FAILPOINTS: failpoints,
        LOG_LEVEL: 'fatal',
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    child.stderr.on('data', (chunk) => (this.#errors = (this.#errors + chunk).slice(-10_000)));
    let printed = '';
    const ready = new Promise((resolve) => {
      child.stdout.on('data', (chunk) => {
        printed = (printed + chunk).slice(-10_000);
        if (/Ctrl-C/.test(printed)) resolve(true);
      });
    });
    this.ended = new Promise((resolve) => child.once('close', (code, signal) => resolve({ code, signal }))).then((end) => {
      const at = /failpoint (\S+): kill/.exec(this.#errors)?.[1];
      if (at) this.killedAt[at] = (this.killedAt[at] ?? 0) + 1;
      return end;
    });
    const isReady = await Promise.race([ready, this.ended.then(() => false)]);
    // Before it is ready the address may have been printed by nobody yet; afterwards it stays the same.
    this.url = /API\s+(\S+)/.exec(printed)?.[1] ?? this.url;
    if (this.url) this.#port = new URL(this.url).port;
    this.token ??= /token\s+(ey\S+)/.exec(printed)?.[1];
    if (!isReady) {
      const { code, signal } = await this.ended;
      if (signal !== 'SIGKILL') throw new Error(`the marketplace has ended by itself (${code}): ${printed}${this.#errors}`);
    }
    return isReady;
  }

  get pid() {
    return this.#child?.pid;
  }

  get isRunning() {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** kill -9; fulfilled when it is dead. */
  async kill() {
    if (this.isRunning) this.#child.kill('SIGKILL');
    return this.ended;
  }

  get clusterPid() {
    return JSON.parse(readFileSync(join(this.dataDir, 'cluster-sim', 'endpoint.json'), 'utf8')).pid;
  }

  /** kill -9 of the simulated cluster; `false` where it was dead already. */
  killCluster() {
    try {
      process.kill(this.clusterPid, 'SIGKILL');
      return true;
    } catch {
      return false;
    }
  }

  cluster() {
    return Cluster.of(join(this.dataDir, 'cluster-sim', 'kubeconfig.yaml'));
  }

  /** Ctrl-C. @returns the exit code */
  async stop() {
    if (this.isRunning) this.#child.kill('SIGINT');
    return (await this.ended)?.code;
  }

  async destroy() {
    await this.kill();
    this.#endEverything();
    process.off('exit', this.#cleanUp);
  }

  #endEverything() {
    if (this.isRunning) this.#child.kill('SIGKILL');
    this.killCluster();
    rmSync(this.dataDir, { recursive: true, force: true, maxRetries: 3 });
  }
}
