import { randomUUID } from 'node:crypto';
import { Leases, MonotonicClock, SystemMonotonicClock } from '@souk/coordination';
import { CommandHandler, EventStore } from '@souk/event-sourcing';
import { type BeforeSending, ClusterConnection, KubernetesCluster, type KubernetesObject } from '@souk/kubernetes';
import { type ModelChange, type Page, ProjectionRunner, type Query, type ReadModel } from '@souk/read-store';
import { ClusterClients } from '../src/application/clusters/cluster-clients';
import { DeploymentSettings } from '../src/application/deployment-settings';
import { Inspections } from '../src/application/operations/inspections';
import { InstanceWork } from '../src/application/operations/instance-work';
import { Reconciler } from '../src/application/operations/reconciler';
import { SealedValues } from '../src/application/secrets/sealed-values';
import { type InstanceDoc, instancesProjection } from '../src/projections/instances.projection';
import type { World } from './world';

/** Short, so that tests need not wait: nothing depends on how long it is. */
const TERM = 600;

/** Its clock goes on while it is frozen; its timers wait. */
class FreezableClock extends MonotonicClock {
  private readonly system = new SystemMonotonicClock();
  private waiting: (() => void)[] | undefined;
  override now(): number {
    return this.system.now();
  }
  override after(ms: number, run: () => void): () => void {
    let cancelled = false;
    const cancel = this.system.after(ms, () => {
      const unlessCancelled = (): void => {
        if (!cancelled) run();
      };
      if (this.waiting) this.waiting.push(unlessCancelled);
      else unlessCancelled();
    });
    return () => {
      cancelled = true;
      cancel();
    };
  }
  freeze(): void {
    this.waiting ??= [];
  }
  thaw(): void {
    const { waiting = [] } = this;
    this.waiting = undefined;
    for (const run of waiting) run();
  }
}

/** A call that is on its way while its process is frozen. */
class FreezableCluster extends KubernetesCluster {
  constructor(
    endpoint: ConstructorParameters<typeof KubernetesCluster>[0],
    private readonly replica: Replica,
  ) {
    super(endpoint);
  }
  override async watch(...call: Parameters<KubernetesCluster['watch']>): Promise<void> {
    try {
      await super.watch(...call);
    } finally {
      if (call[3].aborted) await this.replica.leaves();
    }
  }
  override async apply(object: KubernetesObject, beforeSending?: BeforeSending): Promise<KubernetesObject> {
    if (await this.replica.passes(object)) return super.apply(object, beforeSending);
    // It was looked at the lease before the freeze: the call goes out after it, whoever holds the lease by then.
    return super.apply(object);
  }
}

/** A read model that may fail, or hear nothing yet of what others fold. */
export class UnreliableModel implements ReadModel<InstanceDoc> {
  /** Reads that fail from now on. */
  failing = 0;
  /** Lists that were answered. */
  lists = 0;
  readonly listening: Promise<void>;
  private listens: () => void = () => undefined;
  constructor(
    private readonly inner: ReadModel<InstanceDoc>,
    private isDeaf: boolean,
  ) {
    this.listening = new Promise((resolve) => (this.listens = resolve));
    if (!isDeaf) this.listens();
  }
  listen(): void {
    this.isDeaf = false;
    this.listens();
  }
  async get(id: string): Promise<InstanceDoc | undefined> {
    this.mayFail();
    return this.inner.get(id);
  }
  async query(query: Query<InstanceDoc>): Promise<Page<InstanceDoc>> {
    this.mayFail();
    const page = await this.inner.query(query);
    this.lists++;
    return page;
  }
  checkpoint = () => this.inner.checkpoint();
  waitFor = (...call: Parameters<ReadModel<InstanceDoc>['waitFor']>) => this.inner.waitFor(...call);
  changes(listener: (change: ModelChange) => void): () => void {
    return this.inner.changes((change) => {
      if (!this.isDeaf) listener(change);
    });
  }
  private mayFail(): void {
    if (this.failing === 0) return;
    this.failing--;
    throw new Error('the read store does not answer');
  }
}

/** The reconciler of one replica; all of them share the stores of one world, and the cluster. */
export class Replica {
  readonly name = randomUUID();
  private readonly clock = new FreezableClock();
  private readonly leases: Leases;
  private readonly reconciler: Reconciler;
  private freezeAt: ((object: KubernetesObject) => boolean) | undefined;
  private thawed: Promise<void> | undefined;
  private thawing: () => void = () => undefined;
  private lateCalls = 0;
  private delayed:
    { readonly at: (object: KubernetesObject) => boolean; readonly begun: () => void; readonly over: Promise<void> } | undefined;
  private leaving: { readonly begun: () => void; readonly over: Promise<void> } | undefined;
  readonly model: UnreliableModel;

  constructor(world: World, { isDeaf = false, ...others }: Partial<DeploymentSettings> & { readonly isDeaf?: boolean } = {}) {
    const settings: DeploymentSettings = { ...world.part(DeploymentSettings), ...others };
    this.model = new UnreliableModel(world.part(ProjectionRunner).readModel(instancesProjection), isDeaf);
    const commands = world.part(CommandHandler);
    const connection = world.part(ClusterConnection);
    this.leases = new Leases(world.part(EventStore), this.clock, { holder: this.name, termMs: TERM });
    const clients = new ClusterClients(commands, connection, settings);
    const endpoint = () => connection.endpointOf({ clusterId: world.clusterId, ownerTenant: '', kind: 'simulated' });
    const client = new FreezableCluster(endpoint, this);
    clients.client = () => client;
    this.reconciler = new Reconciler(
      this.model,
      clients,
      world.part(InstanceWork),
      world.part(Inspections),
      world.part(SealedValues),
      settings,
      this.leases,
    );
    this.reconciler.onApplicationBootstrap();
  }

  get holds(): boolean {
    return this.leases.held().some(({ held }) => held);
  }

  /** Calls that were on their way during a freeze, and have been sent since. */
  get sentLate(): number {
    return this.lateCalls;
  }

  get isFrozen(): boolean {
    return this.thawed !== undefined;
  }

  /** Stands still as soon as it is about to apply such an object. */
  freezeBefore(matches: (object: KubernetesObject) => boolean): void {
    this.freezeAt = matches;
  }

  /** Its next call with such an object takes its time; everything else goes on. */
  delayBefore(at: (object: KubernetesObject) => boolean): { readonly begun: Promise<void>; readonly end: () => void } {
    let end: () => void = () => undefined;
    const over = new Promise<void>((resolve) => (end = resolve));
    const begun = new Promise<void>((resolve) => (this.delayed = { at, begun: resolve, over }));
    return { begun, end };
  }

  thaw(): void {
    this.freezeAt = undefined;
    this.thawed = undefined;
    this.clock.thaw();
    this.thawing();
  }

  async stop(): Promise<void> {
    this.thaw();
    await this.reconciler.beforeApplicationShutdown();
    await this.leases.stop();
  }

  /** Holds back the end of the watches on the cluster, when it leaves that. */
  holdLeaving(): { readonly begun: Promise<void>; readonly end: () => void } {
    let end: () => void = () => undefined;
    const over = new Promise<void>((resolve) => (end = resolve));
    const begun = new Promise<void>((resolve) => (this.leaving = { begun: resolve, over }));
    return { begun, end };
  }

  async leaves(): Promise<void> {
    const { leaving } = this;
    leaving?.begun();
    await leaving?.over;
  }

  /** Fulfilled when its process runs; with `false` when the call was on its way while it did not. */
  async passes(object: KubernetesObject): Promise<boolean> {
    const { delayed } = this;
    if (delayed?.at(object)) {
      this.delayed = undefined;
      delayed.begun();
      await delayed.over;
    }
    if (this.freezeAt?.(object)) {
      this.freezeAt = undefined;
      this.clock.freeze();
      this.thawed = new Promise((resolve) => (this.thawing = resolve));
    }
    if (!this.thawed) return true;
    await this.thawed;
    this.lateCalls++;
    return false;
  }
}
