import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ClusterSim, type ClusterSimConfig, startClusterSim } from '../src/index';
import { SimClient } from './sim-client';

/** A simulated cluster in a temporary directory. */
export class RunningSim {
  private constructor(
    readonly dataDir: string,
    private sim: ClusterSim,
    readonly log: string[],
    private readonly config: Partial<ClusterSimConfig>,
  ) {}

  static async start(config: Partial<ClusterSimConfig> = {}): Promise<RunningSim> {
    const dataDir = await mkdtemp(join(tmpdir(), 'cluster-sim-'));
    const log: string[] = [];
    const sim = await startClusterSim({ dataDir, config, log: (message) => log.push(message) });
    return new RunningSim(dataDir, sim, log, config);
  }

  get cluster(): ClusterSim {
    return this.sim;
  }

  get client(): SimClient {
    return new SimClient(this.sim.url, this.sim.token);
  }

  async restart(): Promise<void> {
    await this.sim.stop();
    this.sim = await startClusterSim({ dataDir: this.dataDir, config: this.config, log: (message) => this.log.push(message) });
  }

  async stop(): Promise<void> {
    await this.sim.stop();
    await rm(this.dataDir, { recursive: true, force: true });
  }
}
