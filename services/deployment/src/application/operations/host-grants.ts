import { Injectable } from '@nestjs/common';
import { type InstanceStatus, ReleaseQueries, type SnapshotConfiguration } from '@souk/contracts';
import { InjectReadModel } from '@souk/platform';
import type { ReadModel } from '@souk/read-store';
import { type HostPolicy, noHostAccess } from '../../domain/clusters/host-policy';
import type { KnownInstance } from '../../domain/instances/instance';
import { notGrantedOn } from '../../domain/clusters/obstacles';
import { KnownClusters } from '../clusters/known-clusters';
import { consequenceOf } from '../../domain/operations/operation';
import { type InstanceDoc, instancesProjection } from '../../projections/instances.projection';
import { type Entry, OperationJournal } from './operation-journal';

/** An operation, and what it leads to. */
interface Job {
  readonly instance: KnownInstance;
  readonly wanted: { readonly configuration: SnapshotConfiguration };
}

/** Instances that an answer names at most. */
const MOST_NAMED = 1_000;
const GONE: InstanceStatus = 'deleted';

/** What of its hosts the owner of a cluster grants, held against what is to be done there and what is there already. */
@Injectable()
export class HostGrants {
  constructor(
    private readonly clusters: KnownClusters,
    private readonly journal: OperationJournal,
    private readonly releases: ReleaseQueries,
    @InjectReadModel(instancesProjection) private readonly instances: ReadModel<InstanceDoc>,
  ) {}

  /** A grant may have been withdrawn since the operation was asked for: then it fails before anything is made. What ran before may come back. */
  async uphold({ instance, wanted }: Job, entry: Entry): Promise<Entry> {
    const { started, credential, rollback } = entry.operation;
    const begins = credential === undefined && !rollback;
    if (!begins || started.kind === 'delete' || started.kind === 'stop') return entry;
    const failure = notGrantedOn(wanted.configuration.topology, await this.policyOf(instance.clusterId));
    return failure ? this.journal.record(entry, consequenceOf(entry.operation, failure)) : entry;
  }

  /** Instances on the cluster that have what is not granted any more: they go on as they run, and begin nothing new. The first 1,000. */
  async noLongerGranted(clusterId: string): Promise<string[]> {
    const policy = await this.policyOf(clusterId);
    const judged = new Map<string, boolean>();
    const found: string[] = [];
    for (const range of [{ to: GONE }, { from: `${GONE}\0` }]) {
      let cursor: string | undefined;
      do {
        const query = { index: 'byCluster', where: { clusterId }, range, limit: 500, ...(cursor !== undefined && { cursor }) };
        const page = await this.instances.query(query);
        for (const { instanceId, snapshot, configuration } of page.items) {
          const key = `${snapshot} ${configuration}`;
          if (!judged.has(key)) judged.set(key, await this.isRefused(snapshot, configuration, policy));
          if (judged.get(key)) found.push(instanceId);
        }
        cursor = page.next;
      } while (cursor !== undefined && found.length < MOST_NAMED);
    }
    return found.slice(0, MOST_NAMED);
  }

  private async isRefused(digest: string, name: string, policy: HostPolicy): Promise<boolean> {
    const snapshot = await this.releases.snapshot(digest);
    const configuration = snapshot?.configurations.find((known) => known.name === name);
    return configuration !== undefined && notGrantedOn(configuration.topology, policy) !== undefined;
  }

  private async policyOf(clusterId: string): Promise<HostPolicy> {
    const { state } = await this.clusters.now(clusterId);
    return state.status === 'unknown' ? noHostAccess : state.description.hostPolicy;
  }
}
