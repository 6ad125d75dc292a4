import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parse } from 'yaml';
import { RunningSim } from '../testing/running-sim';
import { deployment, namesOf, SimClient } from '../testing/sim-client';
import { startClusterSim } from './index';

const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps';
const DEPLOYMENTS = '/apis/apps/v1/namespaces/default/deployments';
const root = join(__dirname, '../../..');

/** The compiled simulator as a process of its own. */
class SimProcess {
  private child: ChildProcess | undefined;
  private constructor(
    private readonly main: string,
    readonly dataDir: string,
  ) {}

  static compile(): SimProcess {
    const out = join(root, 'node_modules/.cache/cluster-sim-spec');
    const swc = join(root, 'node_modules/@swc/cli/bin/swc.js');
    const args = [
      swc,
      'libs/cluster-sim/src',
      'libs/lmdb/src',
      'libs/failpoints/src',
      '-d',
      out,
      '--config-file',
      '.swcrc',
      '--quiet',
    ];
    const { status, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' });
    if (status !== 0) throw new Error(stderr);
    return new SimProcess(join(out, 'libs/cluster-sim/src/main.js'), mkdtempSync(join(tmpdir(), 'cluster-sim-')));
  }

  /** Fulfilled with the line that it prints when it is ready, and how long that took in milliseconds. */
  async start(): Promise<{ line: string; tookMs: number }> {
    const began = performance.now();
    const env = { ...process.env, SOUK_DATA_DIR: this.dataDir };
    this.child = spawn(process.execPath, [this.main], { env, stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = (await once(createInterface({ input: this.child.stdout! }), 'line')) as [string];
    return { line, tookMs: performance.now() - began };
  }

  async end(signal: NodeJS.Signals): Promise<number | null> {
    const child = this.child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return null;
    const ended = once(child, 'exit') as Promise<[number | null]>;
    child.kill(signal);
    return (await ended)[0];
  }

  get pid(): number | undefined {
    return this.child?.pid;
  }

  file(name: string): string {
    return join(this.dataDir, 'cluster-sim', name);
  }

  get client(): SimClient {
    const kubeconfig = parse(readFileSync(this.file('kubeconfig.yaml'), 'utf8')) as {
      clusters: { cluster: { server: string } }[];
      users: { user: { token: string } }[];
    };
    return new SimClient(kubeconfig.clusters[0]!.cluster.server, kubeconfig.users[0]!.user.token);
  }
}

describe('A simulated cluster that is stopped and started', () => {
  it('is where it was: objects, versions, port and token; a pod becomes ready when it would have', async () => {
    const running = await RunningSim.start({ images: { 'slow/*': { behaviour: 'slow', startupMs: 700 } } });
    try {
      const { client, cluster } = running;
      await client.apply(`${DEPLOYMENTS}/web`, deployment('web', 'slow/web'));
      const path = '/api/v1/namespaces/default/pods?labelSelector=app%3Dweb';
      const { items } = await client.until(path, (list) => list.items[0].status.containerStatuses[0].state.running);
      const { body: list } = await client.get(CONFIG_MAPS);
      const startedAt = performance.now();
      await running.restart();
      expect([running.cluster.url, running.cluster.token]).toEqual([cluster.url, cluster.token]);
      const ready = await running.client.until(path, (each) => each.items[0].status.containerStatuses[0].ready === true);
      expect(performance.now() - startedAt).toBeLessThan(1500);
      expect(ready.items[0].metadata.uid).toBe(items[0].metadata.uid);
      expect(ready.items[0].status.containerStatuses[0].restartCount).toBe(0);
      const { body } = await running.client.post(CONFIG_MAPS, { metadata: { name: 'after' } });
      expect(Number(body.metadata.resourceVersion)).toBeGreaterThan(Number(list.metadata.resourceVersion));
    } finally {
      await running.stop();
    }
  });

  it('does not run twice on the same directory', async () => {
    const running = await RunningSim.start();
    try {
      await expect(startClusterSim({ dataDir: running.dataDir })).rejects.toMatchObject({ code: 'store-locked' });
    } finally {
      await running.stop();
    }
  });
});

describe('The process of the simulated cluster', () => {
  const sim = SimProcess.compile();
  afterAll(async () => {
    await sim.end('SIGKILL');
    rmSync(sim.dataDir, { recursive: true, force: true });
  });

  it('says in one line when it is ready, and where', async () => {
    const { line } = await sim.start();
    const endpoint = JSON.parse(readFileSync(sim.file('endpoint.json'), 'utf8')) as {
      url: string;
      pid: number;
      startedAt: string;
    };
    expect(line).toBe(`cluster-sim ready at ${endpoint.url}, KUBECONFIG=${sim.file('kubeconfig.yaml')}`);
    expect(endpoint).toEqual({
      url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
      pid: sim.pid,
      startedAt: expect.any(String),
    });
    expect(statSync(sim.file('kubeconfig.yaml')).mode & 0o777).toBe(0o600);
    expect((await sim.client.get('/api/v1/nodes')).body.items).toHaveLength(3);
  });

  it('loses nothing acknowledged by kill -9 under load, and goes on counting versions and rolling out', async () => {
    let highest = 0;
    const acknowledged = new Set<string>();
    for (let round = 0; round < 4; round++) {
      const { client } = sim;
      const writer = async (id: number): Promise<void> => {
        for (let n = 0; ; n++) {
          const name = `r${round}-${id}-${n}`;
          try {
            const { status, body } = await client.post(CONFIG_MAPS, { metadata: { name } });
            if (status !== 201) throw new Error(JSON.stringify(body));
            acknowledged.add(name);
            highest = Math.max(highest, Number(body.metadata.resourceVersion));
          } catch {
            // The connection broke: not acknowledged.
            return;
          }
        }
      };
      const writers = [1, 2, 3, 4, 5, 6, 7, 8].map(writer);
      await client.apply(`${DEPLOYMENTS}/web`, deployment('web', `nginx:${round}`, { replicas: 3 }));
      const target = acknowledged.size + 40;
      await client.until('/api/v1/namespaces/default/pods', () => acknowledged.size >= target);
      await sim.end('SIGKILL');
      await Promise.all(writers);
      await sim.start();
      const { body: list } = await sim.client.get(CONFIG_MAPS);
      const found = new Set(namesOf(list));
      expect([...acknowledged].filter((name) => !found.has(name))).toEqual([]);
      expect(Number(list.metadata.resourceVersion)).toBeGreaterThanOrEqual(highest);
      const { body: next } = await sim.client.post(CONFIG_MAPS, { metadata: { name: `next-${round}` } });
      expect(Number(next.metadata.resourceVersion)).toBeGreaterThan(highest);
      const { status, metadata } = await sim.client.until(`${DEPLOYMENTS}/web`, (body) => {
        const { observedGeneration, updatedReplicas, availableReplicas, replicas } = body.status;
        return (
          observedGeneration === body.metadata.generation && updatedReplicas === 3 && availableReplicas === 3 && replicas === 3
        );
      });
      expect([status.readyReplicas, metadata.generation]).toEqual([3, round + 1]);
      const pods = await sim.client.until('/api/v1/namespaces/default/pods', ({ items }) => items.length === 3);
      expect(pods.items.map((pod: { spec: { containers: { image: string }[] } }) => pod.spec.containers[0]!.image)).toEqual(
        Array(3).fill(`nginx:${round}`),
      );
    }
  }, 60_000);

  it('stops on SIGTERM at once, open watches and all', async () => {
    const watch = sim.client.watch(CONFIG_MAPS, () => false);
    await sim.client.get('/api/v1/pods');
    const began = performance.now();
    expect(await sim.end('SIGTERM')).toBe(0);
    expect(performance.now() - began).toBeLessThan(1000);
    await watch.catch(() => undefined);
  });
});
