// The customers' clusters, as their owners and the weather see them.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Cluster } from '../cluster.mjs';

const script = fileURLToPath(new URL('clusters.process.mjs', import.meta.url));

export class CustomerClusters {
  /** Starts that many, below a folder. */
  static async start(folder, count) {
    const child = spawn(process.execPath, [script, folder, String(count)], { stdio: ['pipe', 'pipe', 'inherit'] });
    const line = await new Promise((resolve, reject) => {
      let printed = '';
      child.stdout.on('data', (chunk) => {
        printed += chunk;
        if (printed.endsWith('\n')) resolve(printed);
      });
      child.once('exit', (code) => reject(new Error(`the clusters have ended with code ${code}`)));
    });
    return new CustomerClusters(child, JSON.parse(line));
  }

  constructor(child, all) {
    this.child = child;
    this.all = all.map((cluster) => ({ ...cluster, api: new Cluster(cluster.url, cluster.token) }));
  }

  /** What its API does wrong from now on; nothing for an empty plan. */
  async faults({ url, token }, faults) {
    const response = await fetch(`${url}/sim/v1/faults`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ faults }),
    });
    if (!response.ok) throw new Error(`faults: ${response.status} ${await response.text()}`);
  }

  async stop() {
    if (this.child.exitCode !== null) return;
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.kill('SIGTERM');
    await ended;
  }
}
