import { type BeforeApplicationShutdown, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { Leases } from '@souk/coordination';
import { InjectReadModel } from '@souk/platform';
import type { ReadModel } from '@souk/read-store';
import { type ClusterDoc, clustersProjection } from '../../projections/clusters.projection';
import { ClusterSights } from './cluster-sights';
import { DeploymentSettings } from '../deployment-settings';

/** Clusters that are looked at side by side: one that hangs takes one of these for as long as its time-out. */
const PARALLEL = 32;
const PAGE = 500;

/**
 * Looks at every registered cluster now and then, and says when one stops answering or answers again (F42). Of several replicas one looks,
 * by a lease; what it has seen is a fact, and so it is known everywhere. Silence counts when it lasts: the second look in a row that finds
 * nobody is the first that says so.
 */
@Injectable()
export class ClusterWatch implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('cluster-watch');
  private timer: NodeJS.Timeout | undefined;
  private looking: Promise<void> = Promise.resolve();
  private stopped = false;
  /** Silent at the last look. */
  private readonly silent = new Set<string>();

  constructor(
    private readonly leases: Leases,
    private readonly sights: ClusterSights,
    private readonly settings: DeploymentSettings,
    @InjectReadModel(clustersProjection) private readonly clusters: ReadModel<ClusterDoc>,
  ) {}

  onApplicationBootstrap(): void {
    void this.leases.keeper('cluster-watch').start();
    this.wait();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    this.sights.close();
    await this.looking;
  }

  /** Replicas, and clusters of one start, are not to be asked all at once: up to a fifth sooner or later. */
  private wait(): void {
    if (this.stopped) return;
    const afterMs = this.settings.watchIntervalMs * (0.8 + Math.random() * 0.4);
    this.timer = setTimeout(() => {
      this.looking = this.round()
        .catch((error: unknown) => this.logger.warn({ err: error }, 'clusters could not be looked at; it is tried again'))
        .then(() => this.wait());
    }, afterMs).unref();
  }

  private async round(): Promise<void> {
    if (!this.isOurs()) return;
    const clusters = await this.all();
    const ids = new Set(clusters.map(({ clusterId }) => clusterId));
    for (const clusterId of this.silent) if (!ids.has(clusterId)) this.silent.delete(clusterId);
    this.sights.keepOnly(ids);
    const waiting = clusters.values();
    const worker = async () => {
      for (const cluster of waiting) if (this.isOurs()) await this.look(cluster);
    };
    await Promise.all(Array.from({ length: Math.min(PARALLEL, clusters.length) }, worker));
  }

  private async look({ clusterId, ownerTenant }: ClusterDoc): Promise<void> {
    const seen = await this.sights.look(clusterId);
    const isSilent = !('sight' in seen);
    const before = this.silent.has(clusterId);
    if (isSilent) this.silent.add(clusterId);
    else this.silent.delete(clusterId);
    if (this.isOurs() && (!isSilent || before)) await this.sights.record(clusterId, ownerTenant, seen);
  }

  private isOurs(): boolean {
    return !this.stopped && this.leases.keeper('cluster-watch').activity.held();
  }

  private async all(): Promise<ClusterDoc[]> {
    const found: ClusterDoc[] = [];
    let cursor: string | undefined;
    do {
      const page = await this.clusters.query({ index: 'all', limit: PAGE, ...(cursor && { cursor }) });
      found.push(...page.items);
      cursor = page.next;
    } while (cursor);
    return found;
  }
}
