import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bootstrapCluster } from './bootstrap';
import { type ClusterSimConfig, ConfigFile } from './config';
import { AccountTokenController } from './controllers/account-token.controller';
import { ClaimProtection } from './controllers/claim-protection';
import { type Controller, ControllerLoop } from './controllers/controller-loop';
import { DeploymentController } from './controllers/deployment.controller';
import { EndpointsController } from './controllers/endpoints.controller';
import { EventRecorder } from './controllers/event-recorder';
import { GarbageCollector } from './controllers/garbage-collector';
import { JobController } from './controllers/job.controller';
import { LoadBalancerController } from './controllers/load-balancer.controller';
import { NamespaceController } from './controllers/namespace.controller';
import { QuotaController } from './controllers/quota.controller';
import { ReplicaSetController } from './controllers/replica-set.controller';
import { StatefulSetController } from './controllers/stateful-set.controller';
import { VolumeBinder } from './controllers/volume-binder';
import { accessToken, kubeconfigText } from './credentials';
import { Faults } from './faults/faults';
import { accessPath } from './http/access';
import { ApiServer } from './http/server';
import { Kubelet } from './kubelet/kubelet.controller';
import { Registry } from './registry/registry';
import { Scheduler } from './scheduler/scheduler.controller';
import { writeFileDurably } from './store/durable-file';
import { ObjectStore } from './store/object-store';
import { StateFile } from './store/state-file';
import { WatchHistory } from './store/watch-history';

export interface ClusterSimOptions {
  /** The data directory of Souk; the cluster keeps to `cluster-sim` in it. */
  readonly dataDir: string;
  /** 0: a free one. Default: the last one used, if it is free, else a free one. */
  readonly port?: number;
  /** Before the configuration file, which has the last word on image rules and on the fault plan only. */
  readonly config?: Partial<ClusterSimConfig>;
  /** One line about something that went wrong. Default: standard error. */
  readonly log?: (message: string) => void;
}

/** A simulated cluster that runs. */
export interface ClusterSim {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  readonly port: number;
  /** The bearer token of its only user. */
  readonly token: string;
  readonly kubeconfigPath: string;
  /** Answers what is under way, ends watches, flushes, closes. The same promise when called again. */
  stop(): Promise<void>;
}

/**
 * Starts a simulated cluster on 127.0.0.1, where it stopped or was killed.
 *
 * @throws StoreLocked while another process runs the cluster of this directory
 * @throws ConfigInvalid naming every problem of the configuration
 */
export const startClusterSim = async (options: ClusterSimOptions): Promise<ClusterSim> => {
  const folder = join(options.dataDir, 'cluster-sim');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const log = options.log ?? ((message: string): void => void process.stderr.write(`cluster-sim: ${message}\n`));
  const config = new ConfigFile(folder, options.config);
  const file = await StateFile.open(join(folder, 'state'));
  const store = new ObjectStore(file, log);
  let server: ApiServer | undefined;
  try {
    const registry = new Registry(store, () => Date.now());
    const events = new EventRecorder(registry, config.current);
    const kubelet = new Kubelet(registry, events, () => config.current);
    const loop = new ControllerLoop(store, controllers(registry, events, kubelet, config.current), log);
    const token = accessToken(folder);
    server = new ApiServer({
      registry,
      history: new WatchHistory(store, config.current.watchHistory),
      config,
      faults: new Faults(config, () => Date.now()),
      token,
      onRules: () => loop.enqueue(kubelet.name, kubelet.allKeys()),
      log,
    });
    const port = await listen(server, options.port, lastPort(folder));
    bootstrapCluster(registry, config.current, port);
    loop.start();
    await store.durable();
    const url = `http://127.0.0.1:${port}`;
    const kubeconfigPath = join(folder, 'kubeconfig.yaml');
    writeFileDurably(kubeconfigPath, kubeconfigText(url + accessPath(token), token));
    const endpoint = { url, pid: process.pid, startedAt: new Date().toISOString() };
    writeFileDurably(join(folder, 'endpoint.json'), `${JSON.stringify(endpoint)}\n`);
    return running({ url, port, token, kubeconfigPath }, server, loop, store);
  } catch (error) {
    await server?.close();
    await store.close();
    throw error;
  }
};

const controllers = (registry: Registry, events: EventRecorder, kubelet: Kubelet, config: ClusterSimConfig): Controller[] => [
  new DeploymentController(registry, events),
  new StatefulSetController(registry, events),
  new ReplicaSetController(registry, events),
  new JobController(registry, events, config),
  new VolumeBinder(registry, events),
  new ClaimProtection(registry),
  new Scheduler(registry, events),
  kubelet,
  new EndpointsController(registry),
  new LoadBalancerController(registry, events),
  new GarbageCollector(registry),
  new NamespaceController(registry),
  new AccountTokenController(registry),
  new QuotaController(registry),
];

const running = (facts: Omit<ClusterSim, 'stop'>, server: ApiServer, loop: ControllerLoop, store: ObjectStore): ClusterSim => {
  let stopping: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    await server.close();
    loop.stop();
    await store.close();
  };
  return { ...facts, stop: () => (stopping ??= stop()) };
};

const listen = async (server: ApiServer, wanted: number | undefined, last: number): Promise<number> => {
  if (wanted !== undefined) return server.listen(wanted);
  try {
    return await server.listen(last);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    return server.listen(0);
  }
};

/** The port of the last run, so that a kubeconfig handed out then still works; 0 when there was none. */
const lastPort = (folder: string): number => {
  try {
    const { url } = JSON.parse(readFileSync(join(folder, 'endpoint.json'), 'utf8')) as { url: string };
    return Number(new URL(url).port);
  } catch {
    return 0;
  }
};
