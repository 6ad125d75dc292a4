import { Injectable } from '@nestjs/common';
import { CommandHandler, type Loaded } from '@souk/event-sourcing';
import { LRUCache } from 'lru-cache';
import type { Cluster } from '../../domain/clusters/cluster';
import { cluster } from '../../domain/clusters/cluster.decide';

const NOTHING_YET: Loaded<Cluster> = { state: cluster.initial, revision: -1 };

/** Clusters as they are now. Every round of every instance asks for its one: only what has happened since the last time is read. */
@Injectable()
export class KnownClusters {
  private readonly known = new LRUCache<string, Loaded<Cluster>>({ max: 1_000 });

  constructor(private readonly commands: CommandHandler) {}

  async now(clusterId: string): Promise<Loaded<Cluster>> {
    const latest = await this.commands.since(cluster, clusterId, this.known.get(clusterId) ?? NOTHING_YET);
    this.known.set(clusterId, latest);
    return latest;
  }
}
