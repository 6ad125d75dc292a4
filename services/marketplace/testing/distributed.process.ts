import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '@souk/event-sourcing/testing';
import { parse } from 'yaml';
import { type Service, services } from '../../edge/src/routes';
import { TestUser } from './marketplace.harness';
import { StartedProcess } from './started-process';

export interface DistributedOptions {
  /** Of every service. Default 1. */
  readonly replicas?: number;
  /** Where everything is kept and logged. Default: a temporary folder, which is removed in the end. */
  readonly dataDir?: string;
  /** Of the edge. Default: a free one. */
  readonly port?: number;
  /** Of the vault. Default: a new one. */
  readonly masterKeys?: string;
  /** Servers that run already; those of the environment count otherwise. */
  readonly engines?: { readonly eventStore: string; readonly documents: string };
  /** For all services, beyond that of this process. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** What stands behind the services: of this machine, unless the environment names servers. */
export type Engine = 'event-store' | 'bus' | 'documents' | 'cluster';

/** A process and where it can be reached, for people. */
export interface Placed {
  readonly name: string;
  readonly pid: number | undefined;
  readonly address: string;
}

/** What was built, seen from the sources or from what is built of them. */
const dist = ['../../../dist', '../../..']
  .map((path) => join(__dirname, path))
  .find((path) => existsSync(join(path, 'services/edge/src/main.js')))!;
const NATS = ['nats-server', '/usr/sbin/nats-server'];

/** There is no broker on this machine, and none is named. */
export class NoBroker extends Error {
  readonly code = 'no-broker';
  constructor() {
    super(
      'there is no nats-server here: install it (apt-get install nats-server, or https://nats.io/download), or name one by NATS_URL',
    );
    this.name = new.target.name;
  }
}

/** The program of a broker, where there is one on this machine. */
export function natsServer(): string | undefined {
  return NATS.find((name) => spawnSync(name, ['--version']).status === 0);
}

/** Why the distributed shape can't be started here; `undefined` where it can. */
export const withoutBroker: string | undefined =
  process.env['NATS_URL'] !== undefined || natsServer() !== undefined ? undefined : new NoBroker().message;

/**
 * The whole of it, with one process for each service and replica: seven services behind an edge, on EventStoreDB (the protocol server over an
 * embedded store), NATS JetStream (nats-server) and MongoDB (its stand-in), unless `EVENTSTORE_URL`, `NATS_URL` and `MONGODB_URL` name
 * others; and a simulated cluster.
 */
export class DistributedProcesses {
  readonly dataDir: string;
  readonly engines = new Map<Engine, StartedProcess>();
  private readonly replicas = new Map<Service, StartedProcess[]>();
  private readonly addresses = new Map<string, string>();
  private readonly isTemporary: boolean;
  private edge: StartedProcess | undefined;
  url = '';
  /** Of public gRPC. */
  grpcAddress = '';
  operatorToken = '';

  constructor(private readonly options: DistributedOptions = {}) {
    this.isTemporary = options.dataDir === undefined;
    this.dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'souk-distributed-'));
  }

  /** Fulfilled when every service is ready and the edge sees it. @throws NoBroker */
  async start(): Promise<void> {
    mkdirSync(join(this.dataDir, 'logs'), { recursive: true, mode: 0o700 });
    process.once('exit', this.killAll);
    const count = this.options.replicas ?? 1;
    const [edgePort, grpcPort, eventStorePort, busPort, documentsPort, ...ports] = await freePorts(
      5 + services.length * count * 2,
    );
    this.url = `http://127.0.0.1:${this.options.port ?? edgePort}`;
    const engines = this.prepareEngines(eventStorePort!, busPort!, documentsPort!);
    this.prepareServices(count, ports, engines);
    this.prepareEdge(grpcPort!);
    await Promise.all([...this.engines.values()].map((engine) => engine.start()));
    await Promise.all([...this.allReplicas(), this.edge!].map((one) => one.start()));
    const printed = this.replicas.get('authorization')!.map((one) => /token\s+(ey\S+)/.exec(one.printed)?.[1]);
    this.operatorToken = printed.find((token) => token !== undefined) ?? '';
    await this.whole();
  }

  get operator(): TestUser {
    return new TestUser(this.url, this.operatorToken, 'platform');
  }

  get kubeconfig(): string {
    return join(this.dataDir, 'cluster-sim', 'kubeconfig.yaml');
  }

  get logs(): string {
    return join(this.dataDir, 'logs');
  }

  /** Every process that runs. */
  get table(): readonly Placed[] {
    const all = [...this.engines.values(), ...this.allReplicas(), this.edge!];
    return all.map((one) => ({ name: one.name, pid: one.pid, address: this.addresses.get(one.name) ?? '' }));
  }

  /** The first one is 0. */
  replica(service: Service, index = 0): StartedProcess {
    const found = this.replicas.get(service)?.[index];
    if (!found) throw new Error(`there is no replica ${index} of ${service}`);
    return found;
  }

  replicasOf(service: Service): readonly StartedProcess[] {
    return this.replicas.get(service) ?? [];
  }

  get edgeProcess(): StartedProcess {
    return this.edge!;
  }

  /** Address of the replica's own HTTP. */
  urlOf(service: Service, index = 0): string {
    return this.addresses.get(this.replica(service, index).name)!;
  }

  /** Ends the replica as an update would, and starts it again. Fulfilled when it is ready, and the edge sees it. @returns its exit code */
  async restart(service: Service, index = 0): Promise<number | null> {
    const one = this.replica(service, index);
    const code = await one.end();
    await one.start();
    await this.whole();
    return code;
  }

  /** Which replica holds a lease, as soon as one does. */
  async holderOf(service: Service, lease: string): Promise<number> {
    for (;;) {
      const held = await Promise.all(
        this.replicasOf(service).map(async (one, i) => {
          if (!one.isRunning) return false;
          const metrics = await (await fetch(`${this.urlOf(service, i)}/metrics`)).text();
          return metrics.includes(`souk_lease_held{lease="${lease}"} 1`);
        }),
      );
      if (held.includes(true)) return held.indexOf(true);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** An object or list of the cluster; `undefined` where there is none. */
  async cluster<T>(path: string): Promise<T | undefined> {
    const kubeconfig = parse(readFileSync(this.kubeconfig, 'utf8')) as {
      clusters: { cluster: { server: string } }[];
      users: { user: { token: string } }[];
    };
    const response = await fetch(kubeconfig.clusters[0]!.cluster.server + path, {
      headers: { authorization: `Bearer ${kubeconfig.users[0]!.user.token}` },
    });
    return response.status === 404 ? undefined : ((await response.json()) as T);
  }

  /** Everything ends in order: who asks before who is asked. */
  async stop(): Promise<void> {
    await this.edge?.end();
    await Promise.all(this.allReplicas().map((one) => one.end()));
    await Promise.all([...this.engines.values()].map((engine) => engine.end()));
    await this.destroy();
  }

  /** Whatever still runs is killed; a temporary folder is removed. */
  async destroy(): Promise<void> {
    const all = [...(this.edge ? [this.edge] : []), ...this.allReplicas(), ...this.engines.values()];
    await Promise.all(all.map((one) => one.kill()));
    process.removeListener('exit', this.killAll);
    if (this.isTemporary) rmSync(this.dataDir, { recursive: true, force: true });
  }

  /** Fulfilled when the edge sees every replica ready. */
  async whole(): Promise<void> {
    for (;;) {
      const { details } = (await (await fetch(`${this.url}/health`)).json()) as {
        details: Record<string, { replicas: Record<string, number> }>;
      };
      if (services.every((service) => details[service]?.replicas['ready'] === this.replicasOf(service).length)) return;
      for (const one of this.allReplicas())
        if (!one.isRunning) throw new Error(`${one.name} has ended; its log is ${one.options.log}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  private allReplicas(): StartedProcess[] {
    return [...this.replicas.values()].flat();
  }

  private readonly killAll = (): void => {
    for (const { pid } of this.table) if (pid !== undefined) process.kill(pid, 'SIGKILL');
  };

  private prepareEngines(eventStorePort: number, busPort: number, documentsPort: number): EngineUrls {
    const { EVENTSTORE_URL, NATS_URL: bus, MONGODB_URL } = process.env;
    const { eventStore = EVENTSTORE_URL, documents = MONGODB_URL } = this.options.engines ?? {};
    if (eventStore === undefined)
      this.engine('event-store', eventStorePort, 'esdb', /Ctrl-C/, {
        script: 'libs/event-store/src/protocol/main.js',
        // As docker-compose.yml has it: a whole topology comes in one append.
        args: ['--port', String(eventStorePort), '--data', join(this.dataDir, 'events'), '--max-append-bytes', '16000000'],
      });
    if (bus === undefined) {
      const command = natsServer();
      if (command === undefined) throw new NoBroker();
      const args = ['-js', '-sd', join(this.dataDir, 'nats'), '-a', '127.0.0.1', '-p', String(busPort)];
      this.engine('bus', busPort, 'nats', /Server is ready/, { command, args });
    }
    if (documents === undefined)
      this.engine('documents', documentsPort, 'mongodb', /listening on/, {
        script: 'libs/mongo/testing/main.js',
        args: ['--port', String(documentsPort)],
      });
    this.engine('cluster', undefined, 'kubeconfig', /ready at/, { script: 'libs/cluster-sim/src/main.js', args: [] });
    return {
      eventStore: eventStore ?? `esdb://127.0.0.1:${eventStorePort}?tls=false`,
      bus: bus ?? `nats://127.0.0.1:${busPort}`,
      documents: documents ?? `mongodb://127.0.0.1:${documentsPort}`,
    };
  }

  private engine(
    engine: Engine,
    port: number | undefined,
    scheme: string,
    ready: RegExp,
    { script, command, args }: { readonly script?: string; readonly command?: string; readonly args: readonly string[] },
  ): void {
    const one = this.process(engine, ready, script ?? '', args, { SOUK_DATA_DIR: this.dataDir }, command);
    this.engines.set(engine, one);
    this.addresses.set(engine, port === undefined ? this.kubeconfig : `${scheme}://127.0.0.1:${port}`);
  }

  private prepareServices(count: number, ports: readonly number[], { eventStore, bus, documents }: EngineUrls): void {
    const placed = services.flatMap((service, i) =>
      Array.from({ length: count }, (_, replica) => {
        const [http, rpc] = ports.slice((i * count + replica) * 2);
        return { service, name: count === 1 ? service : `${service}-${replica}`, http: http!, rpc: rpc! };
      }),
    );
    const common = {
      SOUK_EVENT_STORE: eventStore,
      SOUK_BUS: bus,
      SOUK_READ_STORE: documents,
      // Servers that others use as well keep what is ours apart.
      SOUK_READ_STORE_PREFIX:
        this.options.engines || process.env['MONGODB_URL'] === undefined ? 'souk' : `souk${randomBytes(4).toString('hex')}`,
      SOUK_MASTER_KEYS: this.options.masterKeys ?? randomBytes(32).toString('base64'),
      SOUK_NEIGHBOURS: placed.map(({ service, rpc }) => `${service}=127.0.0.1:${rpc}`).join(','),
      SOUK_DATA_DIR: this.dataDir,
      SOUK_API_URL: this.url,
      SOUK_SIMULATED_KUBECONFIG: this.kubeconfig,
      SOUK_REGISTRIES: 'simulated',
      ...(count === 1 && { SOUK_LOG_DIRECTORY: join(this.dataDir, 'logs') }),
      SOUK_DRAIN_SECONDS: '2',
      ...this.options.environment,
    };
    for (const { service, name, http, rpc } of placed) {
      const one = this.process(name, /services\s+\S+/, `services/${service}/src/main.js`, [], {
        ...common,
        PORT: String(http),
        SOUK_RPC_PORT: String(rpc),
      });
      this.replicas.set(service, [...this.replicasOf(service), one]);
      this.addresses.set(name, `http://127.0.0.1:${http}`);
    }
  }

  private prepareEdge(grpcPort: number): void {
    const upstreams = services.flatMap((service) =>
      this.replicasOf(service).map((_, i) => `${service}=${this.urlOf(service, i)}`),
    );
    this.edge = this.process('edge', /docs\s+\S+/, 'services/edge/src/main.js', [], {
      PORT: new URL(this.url).port,
      SOUK_GRPC_PORT: String(grpcPort),
      SOUK_UPSTREAMS: upstreams.join(','),
      SOUK_DRAIN_SECONDS: '0',
      ...this.options.environment,
    });
    this.grpcAddress = `127.0.0.1:${grpcPort}`;
    this.addresses.set('edge', this.url);
  }

  private process(
    name: string,
    ready: RegExp,
    script: string,
    args: readonly string[],
    environment: NodeJS.ProcessEnv,
    command?: string,
  ): StartedProcess {
    return new StartedProcess({
      name,
      command: command ?? process.execPath,
      args: command === undefined ? ['--enable-source-maps', join(dist, script), ...args] : args,
      environment: { ...process.env, HOST: '127.0.0.1', ...environment },
      log: join(this.dataDir, 'logs', `${name}.log`),
      ready,
    });
  }
}

interface EngineUrls {
  readonly eventStore: string;
  readonly bus: string;
  readonly documents: string;
}
