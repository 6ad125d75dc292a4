import { type BeforeApplicationShutdown, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import type { InstanceStatus } from '@souk/contracts';
import { type LeaseKeeper, Leases } from '@souk/coordination';
import { CommandHandler, derivedUuid } from '@souk/event-sourcing';
import { KubernetesError } from '@souk/kubernetes';
import { InjectReadModel } from '@souk/platform';
import type { ReadModel } from '@souk/read-store';
import { type ClusterObject, namespaceOf } from '../../domain/cluster-object';
import { health } from '../../domain/health/health.decide';
import { instance as instanceAggregate } from '../../domain/instances/instance.decide';
import { type ClusterDoc, clustersProjection } from '../../projections/clusters.projection';
import { type InstanceDoc, instancesProjection } from '../../projections/instances.projection';
import { ClusterClients } from '../clusters/cluster-clients';
import { objectsOf, type Sighting, survey } from '../clusters/cluster-survey';
import { removeOrphan } from '../clusters/cluster-workplace';
import { DeploymentSettings } from '../deployment-settings';
import { Inspections } from './inspections';
import { RECONCILER } from '../operation-causes';
import { Reconciler } from './reconciler';
import { type Outcome, WorkQueue } from '../work-queue';

/** Clusters that are looked at side by side: one that does not answer holds up none but itself. */
const PARALLEL = 4;
/** Instances whose objects are held at the same time, and of how many objects at most, but for an instance that has more by itself. */
const TOGETHER = { instances: 100, objects: 2_000 } as const;
/** Of a look that did not come to its end. */
const PAUSES = { firstPauseMs: 5_000, longestPauseMs: 60_000 } as const;

/**
 * Looks at every cluster that has instances, now and then, whether somebody works there or not: watches of the reconciler tell of changes at
 * once, but only where it works, and they may fall silent. Nothing is kept between two looks but what was found to be as it should be, and
 * whole objects are read only of instances that are not as they were then. One replica does it, by the lease `lookout`; what it finds is told
 * the reconciler of that cluster.
 */
@Injectable()
export class Lookout implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('lookout');
  private lease: LeaseKeeper | undefined;
  private timer: NodeJS.Timeout | undefined;
  /** Cluster → instance → as it was when there was nothing remarkable about it. */
  private readonly unremarkable = new Map<string, ReadonlyMap<string, string>>();
  /** Cluster → instance that is gone or not known → since when something of it is seen. */
  private readonly strays = new Map<string, ReadonlyMap<string, number>>();
  /** Cluster → instances that were never heard of here. */
  private readonly foreign = new Map<string, ReadonlySet<string>>();
  private readonly looks = new WorkQueue((clusterId) => this.look(clusterId), {
    parallel: PARALLEL,
    ...PAUSES,
    onError: (clusterId, error) => this.unseen(clusterId, error),
  });

  constructor(
    @InjectReadModel(instancesProjection) private readonly instances: ReadModel<InstanceDoc>,
    @InjectReadModel(clustersProjection) private readonly clusters: ReadModel<ClusterDoc>,
    private readonly commands: CommandHandler,
    private readonly clients: ClusterClients,
    private readonly inspections: Inspections,
    private readonly reconciler: Reconciler,
    private readonly settings: DeploymentSettings,
    private readonly leases: Leases,
  ) {}

  onApplicationBootstrap(): void {
    this.lease = this.leases.keeper('lookout');
    void this.lease.start();
    this.timer = setInterval(() => void this.round(), this.settings.driftMs).unref();
  }

  async beforeApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    void this.looks.stop();
    if (this.lease) await this.leases.giveUp(this.lease);
  }

  /** Once over all clusters. */
  async round(): Promise<void> {
    if (!this.lease?.activity.held()) return;
    try {
      let cursor: string | undefined;
      do {
        const page = await this.clusters.query({ index: 'all', limit: 100, ...(cursor && { cursor }) });
        for (const { clusterId } of page.items) this.looks.call(clusterId);
        cursor = page.next;
      } while (cursor !== undefined);
    } catch (error) {
      this.logger.error({ err: error }, 'clusters could not be read; they are looked at the next time');
    }
  }

  private async look(clusterId: string): Promise<Outcome> {
    if (!(await this.hasInstances(clusterId))) return { done: true };
    const seen = await survey(this.clients.client(clusterId));
    const before = this.unremarkable.get(clusterId);
    const unremarkable = new Map<string, string>();
    let others = new Map<string, string>();
    let size = 0;
    for await (const { instanceId, revision, working } of this.instancesOn(clusterId)) {
      const { print: sight, objects } = seen.get(instanceId) ?? { print: '', objects: 0 };
      seen.delete(instanceId);
      if (working) continue;
      const print = `${revision} ${sight}`;
      if (before?.get(instanceId) === print) {
        unremarkable.set(instanceId, print);
        continue;
      }
      if (others.size >= TOGETHER.instances || (size > 0 && size + objects > TOGETHER.objects)) {
        await this.judge(clusterId, others, unremarkable);
        others = new Map();
        size = 0;
      }
      others.set(instanceId, print);
      size += objects;
    }
    await this.judge(clusterId, others, unremarkable);
    this.unremarkable.set(clusterId, unremarkable);
    await this.sweep(clusterId, seen);
    return { done: true };
  }

  /** @param others instance → as it was seen: what is changed since then is different at the next look, too */
  private async judge(clusterId: string, others: ReadonlyMap<string, string>, unremarkable: Map<string, string>): Promise<void> {
    if (others.size === 0) return;
    const objects = await objectsOf(this.clients.client(clusterId), [...others.keys()]);
    for (const [instanceId, print] of others) {
      const remark = await this.inspections.remarkOn(instanceId, objects.get(instanceId) ?? []);
      if (remark === 'news') this.reconciler.inspect(clusterId, instanceId);
      // What is told is judged anew each time: as time goes by it may be put right.
      if (remark === 'nothing') unremarkable.set(instanceId, print);
    }
  }

  /**
   * What is left of an instance that was deleted goes, once it has been there for a while. An instance that was never heard of here may be
   * another platform's: that is left alone, and told.
   */
  private async sweep(clusterId: string, left: ReadonlyMap<string, Sighting>): Promise<void> {
    const before = this.strays.get(clusterId);
    const strays = new Map<string, number>();
    const unknown = this.foreign.get(clusterId) ?? new Set<string>();
    const foreign = new Set<string>();
    for (const instanceId of left.keys()) {
      const since = before?.get(instanceId) ?? Date.now();
      if (Date.now() - since < this.settings.orphanGraceMs) strays.set(instanceId, since);
      else if (unknown.has(instanceId) || !(await this.clear(clusterId, instanceId))) foreign.add(instanceId);
      if (foreign.has(instanceId)) strays.set(instanceId, since);
    }
    this.strays.set(clusterId, strays);
    this.foreign.set(clusterId, foreign);
    if (foreign.size > 0 && foreign.size !== unknown.size)
      this.logger.warn({ clusterId, instances: foreign.size }, 'a cluster has objects of instances that are not known here');
  }

  /** Answers whether the instance is known here. */
  private async clear(clusterId: string, instanceId: string): Promise<boolean> {
    const { state } = await this.commands.load(instanceAggregate, instanceId);
    if (state.status === 'unknown') return false;
    // The read model may be behind.
    if (state.status !== 'deleted') return true;
    const { ownerTenant, providerTenant } = state;
    const of = { instanceId, ownerTenant, providerTenant };
    for (const orphan of await this.removed(clusterId, instanceId)) {
      const commandId = derivedUuid('orphan', instanceId, orphan.uid);
      const context = {
        commandId,
        correlationId: commandId,
        causationId: commandId,
        actor: { kind: 'system', id: RECONCILER },
      } as const;
      await this.commands.handle(health, instanceId, { type: 'TellOrphan', of, orphan }, context);
    }
    return true;
  }

  /** With the namespace of the instance goes what lies in it. */
  private async removed(clusterId: string, instanceId: string) {
    const namespace = namespaceOf(instanceId);
    const client = this.clients.client(clusterId);
    const objects: readonly ClusterObject[] = (await objectsOf(client, [instanceId])).get(instanceId) ?? [];
    const outside = objects.filter(({ kind, metadata }) => kind === 'Namespace' || metadata.namespace !== namespace);
    const gone = [];
    for (const { kind, metadata } of outside.length > 0 ? outside : objects) {
      const { name, uid = '' } = metadata;
      if (await removeOrphan(client, { kind, metadata })) gone.push({ kind, name, uid });
    }
    return gone;
  }

  private async hasInstances(clusterId: string): Promise<boolean> {
    const { items } = await this.instances.query({ index: 'byCluster', where: { clusterId }, limit: 1 });
    return items.length > 0;
  }

  private async *instancesOn(clusterId: string): AsyncGenerator<InstanceDoc> {
    const gone: InstanceStatus = 'deleted';
    for (const range of [{ to: gone }, { from: `${gone}\0` }]) {
      let cursor: string | undefined;
      do {
        const page = await this.instances.query({
          index: 'byCluster',
          where: { clusterId },
          range,
          limit: 100,
          ...(cursor && { cursor }),
        });
        yield* page.items;
        cursor = page.next;
      } while (cursor !== undefined);
    }
  }

  private unseen(clusterId: string, error: unknown): void {
    if (error instanceof KubernetesError)
      this.logger.warn(
        { clusterId, code: error.code, detail: error.message },
        'a cluster could not be looked at; it is tried again',
      );
    else this.logger.error({ err: error, clusterId }, 'a cluster could not be looked at; it is tried again');
  }
}
