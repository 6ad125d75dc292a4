import { setTimeout as sleep } from 'node:timers/promises';
import { type BeforeApplicationShutdown, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { type LeaseKeeper, Leases } from '@souk/coordination';
import { RevisionMismatch } from '@souk/event-sourcing';
import { AccessDenied, KubernetesError } from '@souk/kubernetes';
import { InjectReadModel } from '@souk/platform';
import type { ReadModel } from '@souk/read-store';
import { type InstanceDoc, instancesProjection } from '../../projections/instances.projection';
import { ClusterClients } from '../clusters/cluster-clients';
import { ClusterView } from '../clusters/cluster-view';
import { ClusterWorkplace, NotOurs } from '../clusters/cluster-workplace';
import { DeploymentSettings } from '../deployment-settings';
import { Inspections } from './inspections';
import { InstanceWork } from './instance-work';
import { SealedValues } from '../secrets/sealed-values';
import { type Outcome, WorkQueue } from '../work-queue';

/** A cluster with something to be done on it. */
interface Site {
  readonly clusterId: string;
  readonly lease: LeaseKeeper;
  /** Instances with an operation. */
  readonly active: Set<string>;
  /** Instances without one that somebody should look at. */
  readonly suspects: Set<string>;
  /** While this replica holds the lease. Where another one does, nothing else is kept. */
  desk: Desk | undefined;
  /** Opening and closing it, one after the other. */
  moving: Promise<void>;
  /** Fulfilled when nothing of it is left. Work that comes meanwhile waits here for the next site of this cluster. */
  closing: Promise<void> | undefined;
  /** When it was last found without work. */
  idleSince: number | undefined;
}

/** What it takes to work on a cluster. */
interface Desk {
  readonly view: ClusterView;
  readonly workplace: ClusterWorkplace;
  readonly queue: WorkQueue;
  /** Of instances without an operation. */
  readonly inspections: WorkQueue;
}

/** How often sites without work are looked for, and work that nobody was told of. */
const SWEEP_MS = 30_000;
/** Of reading what is to be done, where the read model does not answer. */
const READS = { parallel: 16, firstPauseMs: 100, longestPauseMs: 5_000 } as const;
/** There is one list of all that is to be done. */
const EVERYTHING = 'everything';
/** How long turns that are under way may take when the process is to end, in milliseconds. */
const STOP_WITHIN_MS = 1_000;
/** Instances at rest that are looked at side by side on one cluster: work comes first. */
const PARALLEL_INSPECTIONS = 2;
/** What happens on the way to what an operation waits for, and what happens to an instance at rest, is looked at together: milliseconds. */
const GATHER_MS = 50;
const GATHER_FOR_INSPECTION_MS = 500;
/** When a turn is tried again that another replica was in the way of. */
const ANOTHER_TRY_MS = 1_000;

/**
 * Works on every instance that has an operation, one queue for each cluster. Which instances these are, the read model says; commands of
 * this process and watches on the clusters only make it quicker. Stopped at any moment, the next start goes on. Of several replicas one works
 * on a cluster, by the lease `reconciler-<clusterId>`; all of them know what is to be done there, so that another one can take over.
 */
@Injectable()
export class Reconciler implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('reconciler');
  private readonly sites = new Map<string, Site>();
  /** Instances that have changed. */
  private readonly looks = new WorkQueue((instanceId) => this.look(instanceId), {
    ...READS,
    onError: (instanceId, error) => this.unread(error, { instanceId }),
  });
  private readonly lists = new WorkQueue(() => this.takeUp(), { ...READS, onError: (_, error) => this.unread(error) });
  private readonly unfollow: (() => void)[] = [];
  private stopped = false;

  constructor(
    @InjectReadModel(instancesProjection) private readonly instances: ReadModel<InstanceDoc>,
    private readonly clients: ClusterClients,
    private readonly work: InstanceWork,
    private readonly inspections: Inspections,
    private readonly sealedValues: SealedValues,
    private readonly settings: DeploymentSettings,
    private readonly leases: Leases,
  ) {}

  onApplicationBootstrap(): void {
    this.unfollow.push(this.instances.changes(({ keys }) => keys.forEach((instanceId) => this.looks.call(instanceId))));
    const sweep = setInterval(
      () => {
        this.lists.call(EVERYTHING);
        void this.sweep();
      },
      Math.min(SWEEP_MS, this.settings.idleMs),
    ).unref();
    this.unfollow.push(() => clearInterval(sweep));
    this.lists.call(EVERYTHING);
    // Once more: of what another replica has folded before that moment, nobody was told here.
    void this.instances.listening.then(() => this.lists.call(EVERYTHING));
  }

  /** Before the stores close. What a turn has not done by then, the next start does. */
  async beforeApplicationShutdown(): Promise<void> {
    this.stopped = true;
    this.clients.close();
    for (const stop of this.unfollow) stop();
    void this.looks.stop();
    void this.lists.stop();
    await Promise.all([...this.sites.values()].map((site) => this.close(site)));
  }

  /** There is something to do for this instance. Safe to call at any time, any number of times. */
  wake(clusterId: string, instanceId: string): void {
    if (this.stopped) return;
    const site = this.site(clusterId);
    site.active.add(instanceId);
    site.desk?.queue.call(instanceId);
  }

  /** Something about this instance, which has no operation, is not as it should be. */
  inspect(clusterId: string, instanceId: string): void {
    if (this.stopped) return;
    const site = this.site(clusterId);
    if (site.desk) site.desk.inspections.call(instanceId);
    else site.suspects.add(instanceId);
  }

  /** What was under way when the last process ended, and whatever else is not known here. What the read model learns only later comes as a change. */
  private async takeUp(): Promise<Outcome> {
    let cursor: string | undefined;
    do {
      const page = await this.instances.query({
        index: 'working',
        where: { working: true },
        limit: 500,
        ...(cursor && { cursor }),
      });
      for (const { clusterId, instanceId } of page.items)
        if (!this.sites.get(clusterId)?.active.has(instanceId)) this.wake(clusterId, instanceId);
      cursor = page.next;
    } while (cursor !== undefined && !this.stopped);
    return { done: true };
  }

  private async look(instanceId: string): Promise<Outcome> {
    const doc = await this.instances.get(instanceId);
    if (doc?.working) this.wake(doc.clusterId, instanceId);
    else this.rest(doc?.clusterId, instanceId);
    return { done: true };
  }

  private unread(error: unknown, about: { readonly instanceId?: string } = {}): void {
    this.logger.error({ err: error, ...about }, 'what is to be done could not be read; it is tried again');
  }

  /** Where another replica works on it, its end is heard of here: there is nothing to take over any more. */
  private rest(clusterId: string | undefined, instanceId: string): void {
    const site = clusterId === undefined ? undefined : this.sites.get(clusterId);
    if (!site || site.desk || site.lease.activity.held()) return;
    site.active.delete(instanceId);
    site.suspects.delete(instanceId);
    if (site.active.size === 0) void this.close(site);
  }

  private site(clusterId: string): Site {
    const known = this.sites.get(clusterId);
    if (known) {
      known.idleSince = undefined;
      return known;
    }
    const lease = this.leases.keeper(`reconciler-${clusterId}`);
    const site: Site = {
      clusterId,
      lease,
      active: new Set(),
      suspects: new Set(),
      desk: undefined,
      moving: Promise.resolve(),
      closing: undefined,
      idleSince: undefined,
    };
    this.sites.set(clusterId, site);
    lease.changes(() => this.move(site));
    void lease.start();
    return site;
  }

  /** To the cluster when the lease was gained, away from it when it was lost. */
  private move(site: Site): void {
    site.moving = site.moving.then(async () => {
      const works = site.lease.activity.held() && !site.closing;
      if (works && !site.desk) this.openDesk(site);
      else if (!works && site.desk) await this.closeDesk(site);
    });
  }

  private openDesk(site: Site): void {
    const { clusterId, active, suspects, lease } = site;
    const client = this.clients.client(clusterId);
    const view: ClusterView = new ClusterView(
      client,
      (instanceId, isOutcome) => {
        if (!active.has(instanceId)) {
          if (view.hasSynced) desk.inspections.callWithin(instanceId, GATHER_FOR_INSPECTION_MS);
        } else if (isOutcome) desk.queue.call(instanceId);
        else desk.queue.callWithin(instanceId, GATHER_MS);
      },
      () => active.forEach((instanceId) => desk.queue.call(instanceId)),
      () => {
        void this.inspectAll(clusterId, desk);
      },
    );
    const workplace = new ClusterWorkplace(client, view, this.sealedValues, lease.activity);
    const queue = new WorkQueue((instanceId) => this.turn(instanceId, desk, active), {
      parallel: this.settings.parallelInstances,
      firstPauseMs: 200,
      longestPauseMs: 15_000,
      onError: (instanceId, error) => this.report(clusterId, instanceId, error),
    });
    const inspections = new WorkQueue((instanceId) => this.inspectAt(instanceId, site, workplace), {
      parallel: PARALLEL_INSPECTIONS,
      firstPauseMs: 1_000,
      longestPauseMs: 60_000,
      onError: (instanceId, error) => this.report(clusterId, instanceId, error),
    });
    const desk: Desk = { view, workplace, queue, inspections };
    site.desk = desk;
    active.forEach((instanceId) => queue.call(instanceId));
    suspects.forEach((instanceId) => inspections.call(instanceId));
    suspects.clear();
  }

  /** What changed before anybody watched, and what another replica has found, is seen by nobody else. */
  private async inspectAll(clusterId: string, { inspections }: Desk): Promise<void> {
    try {
      let cursor: string | undefined;
      do {
        const page = await this.instances.query({
          ...{ index: 'byCluster', where: { clusterId }, limit: 500 },
          ...(cursor && { cursor }),
        });
        for (const { instanceId, status, working } of page.items)
          if (!working && status !== 'deleted') inspections.call(instanceId);
        cursor = page.next;
      } while (cursor !== undefined && !this.stopped);
    } catch (error) {
      if (!this.stopped) this.logger.error({ err: error, clusterId }, 'instances at rest could not be read; the lookout goes on');
    }
  }

  private async inspectAt(instanceId: string, { clusterId, active }: Site, workplace: ClusterWorkplace): Promise<Outcome> {
    if (active.has(instanceId)) return { done: true };
    try {
      const outcome = await this.inspections.inspect(instanceId, workplace);
      if (outcome.begun) this.wake(clusterId, instanceId);
      return outcome;
    } catch (error) {
      // Whoever works there now looks for itself; who comes back, is told again.
      if (error instanceof NotOurs) return { done: true };
      throw error;
    }
  }

  private async turn(instanceId: string, { workplace, view, inspections }: Desk, active: Set<string>): Promise<Outcome> {
    // Whoever wakes it during the turn that ends its work calls the queue as well: that next turn takes it up again.
    active.add(instanceId);
    try {
      workplace.assertOurs();
      const outcome = await this.work.turn(instanceId, workplace);
      if (outcome.done) {
        active.delete(instanceId);
        // What was changed by hand meanwhile nobody tells of once more.
        inspections.callWithin(instanceId, GATHER_FOR_INSPECTION_MS);
      }
      return outcome;
    } catch (error) {
      if (error instanceof NotOurs) await this.work.letGo(instanceId, workplace);
      // What is lost may have come back without a word; where it has not, nobody looks again.
      if (error instanceof NotOurs || error instanceof RevisionMismatch)
        return { lookAgainAt: new Date(Date.now() + ANOTHER_TRY_MS).toISOString() };
      const { trouble } = view;
      if (error instanceof KubernetesError && trouble && Date.now() - trouble.since >= this.settings.stallAfterMs) {
        const code = trouble.error instanceof AccessDenied ? 'cluster-refuses' : 'cluster-unreachable';
        await this.work.stall(instanceId, code, trouble.error.message);
      }
      throw error;
    }
  }

  private report(clusterId: string, instanceId: string, error: unknown): void {
    if (error instanceof KubernetesError)
      this.logger.warn(
        { clusterId, instanceId, code: error.code, detail: error.message },
        'a cluster did not do as asked; it is tried again',
      );
    else this.logger.error({ err: error, clusterId, instanceId }, 'an instance could not be worked on; it is tried again');
  }

  /** Watches cost memory and connections, a lease costs appends: those of clusters without work end after a while. */
  private async sweep(): Promise<void> {
    for (const site of [...this.sites.values()]) {
      if (site.active.size > 0 || site.desk?.queue.idle === false || site.desk?.inspections.idle === false) continue;
      site.idleSince ??= Date.now();
      if (Date.now() - site.idleSince < this.settings.idleMs) continue;
      await this.close(site);
    }
  }

  private close(site: Site): Promise<void> {
    site.closing ??= this.leave(site);
    return site.closing;
  }

  /** Lets go of everything first, of the lease then, and last of the site: until then nobody else may open one for that cluster. */
  private async leave(site: Site): Promise<void> {
    this.move(site);
    await site.moving;
    await this.leases.giveUp(site.lease);
    this.sites.delete(site.clusterId);
    for (const instanceId of site.active) this.wake(site.clusterId, instanceId);
  }

  private async closeDesk(site: Site): Promise<void> {
    const { desk } = site;
    site.desk = undefined;
    if (!desk) return;
    const stopped = Promise.all([desk.queue.stop(), desk.inspections.stop(), desk.view.stop()]);
    const late = new AbortController();
    const patience = sleep(STOP_WITHIN_MS, undefined, { signal: late.signal }).catch(() => undefined);
    await Promise.race([stopped, patience]);
    late.abort();
  }
}
