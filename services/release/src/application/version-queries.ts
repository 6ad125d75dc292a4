import { Injectable } from '@nestjs/common';
import { ReleaseQueries, type Snapshot, type VersionView } from '@souk/contracts';
import { CommandHandler, EventStore } from '@souk/event-sourcing';
import { InjectReadModel } from '@souk/platform';
import type { ReadModel } from '@souk/read-store';
import { LRUCache } from 'lru-cache';
import { compare } from 'semver';
import { snapshotAggregate } from '../domain/snapshot';
import { versionAggregate } from '../domain/version.decide';
import { type VersionDoc, versionsProjection } from '../projections/versions.projection';

/** How long a question about all versions of an app waits for the read model, in milliseconds. */
const PATIENCE = 5_000;

/** What other services ask. Reads the truth: streams, or the read model once it has seen all that is stored. */
@Injectable()
export class VersionQueries extends ReleaseQueries {
  /** Snapshots never change. */
  private readonly snapshots = new LRUCache<string, Snapshot>({ max: 200 });

  constructor(
    private readonly commands: CommandHandler,
    private readonly store: EventStore,
    @InjectReadModel(versionsProjection) private readonly versions: ReadModel<VersionDoc>,
  ) {
    super();
  }

  override async version(versionId: string): Promise<VersionView | undefined> {
    const { state } = await this.commands.load(versionAggregate, versionId);
    if (state.status === 'none') return undefined;
    const { appId, providerTenant, number, status } = state;
    return { versionId, appId, providerTenant, number, status, ...('snapshot' in state && { snapshot: state.snapshot }) };
  }

  override async newestReleased(appId: string): Promise<VersionView | undefined> {
    await this.versions.waitFor(await this.store.head(), PATIENCE);
    let newest: VersionDoc | undefined;
    let cursor: string | undefined;
    do {
      const page = await this.versions.query({
        index: 'byAppAndStatus',
        where: { appId, status: 'released' },
        limit: 500,
        ...(cursor && { cursor }),
      });
      for (const version of page.items) if (!newest || compare(version.number, newest.number) > 0) newest = version;
      cursor = page.next;
    } while (cursor);
    return newest && this.version(newest.versionId);
  }

  override async snapshot(digest: string): Promise<Snapshot | undefined> {
    const known = this.snapshots.get(digest);
    if (known) return known;
    const { state } = await this.commands.load(snapshotAggregate, digest);
    if (state.status === 'none') return undefined;
    this.snapshots.set(digest, state.snapshot);
    return state.snapshot;
  }
}
