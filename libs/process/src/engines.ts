import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import type { SnapshotStore } from '@souk/event-sourcing';
import { openEventStoreDb } from '@souk/event-store';
import { type EventBus, openJetStreamBus, parkedMessagesProjection } from '@souk/messaging';
import { connectMongo, type MongoConnection, type MongoOptions, MongoUnavailable } from '@souk/mongo';
import { activityOf, busNotices, type BusParts, type Engines, type FillableStore, EmbeddedStorageHealth } from '@souk/platform';
import { LmdbReadStore, openMongoReadStore, type ReadStore } from '@souk/read-store';
import { openMongoSecretVault } from '@souk/secrets';
import { NeighbourHistory } from '@souk/rpc';
import type { EnginesConfig } from './config';
import { JointHistory } from './joint-history';

/** A stand-by takes over within ten seconds. */
const LEASE_TERM = 6_000;

/** How long databases are tried at the start, in milliseconds. */
const CONNECT_WITHIN = 30_000;
const CONNECT_PAUSE = 250;

/**
 * What replicas of a service share: EventStoreDB, JetStream, MongoDB. What one of them does for all is done by lease. With
 * read models of its own (`lmdb`), every replica folds for itself.
 * @throws what the drivers throw where a server can't be reached in time
 */
export async function openDistributed(config: EnginesConfig, service: string): Promise<Engines> {
  const { eventStore: connectionString, prefix, masterKeys } = config;
  const logger = new Logger('engines');
  const [events, vault] = await Promise.all([
    openEventStoreDb({
      connectionString,
      retention: { 'lease-': 10 },
      onTrouble: (error) => logger.warn({ err: error }, 'a subscription to the event store broke off and is made anew'),
    }),
    connectInTime({ url: config.vault, database: `${prefix}_vault` }).then((connection) =>
      openMongoSecretVault({ connection, masterKeys }),
    ),
  ]);
  const { reads, snapshots, local } = await openReads(config, service, await vault.installationKey('cursors', 32));
  const isShared = local === undefined;
  return {
    events,
    reads,
    snapshots,
    vault,
    storage: new EmbeddedStorageHealth(local ? { 'read-models': local } : {}),
    leases: { termMs: LEASE_TERM },
    leaseNames: {
      deadlines: `deadlines-${service}`,
      bus: `bus-${service}`,
      ...(isShared && { projections: `projections-${service}` }),
    },
    bus: (parts) => jetStreamBus(config, `bus-${service}`, parts),
    close: async () => {
      await Promise.all([events.close(), reads.close(), vault.close()]);
    },
  };
}

/** A server that starts at the same time is waited for, as the event store is. @throws MongoUnavailable and others, as `connectMongo` */
async function connectInTime(options: MongoOptions): Promise<MongoConnection> {
  for (const until = performance.now() + CONNECT_WITHIN; ;) {
    try {
      return await connectMongo(options);
    } catch (error) {
      if (!(error instanceof MongoUnavailable) || performance.now() > until) throw error;
      await delay(CONNECT_PAUSE);
    }
  }
}

interface OpenReads {
  readonly reads: ReadStore & { close(): Promise<void> };
  readonly snapshots: SnapshotStore;
  /** Where it lies on a disk of this machine. */
  readonly local?: FillableStore;
}

async function openReads({ readStore, prefix, dataDir }: EnginesConfig, service: string, signingKey: Buffer): Promise<OpenReads> {
  if (readStore === 'lmdb') {
    const directory = join(dataDir, service, 'read-models');
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const reads = await LmdbReadStore.open({ directory, signingKey });
    return { reads, snapshots: reads.snapshots, local: reads };
  }
  const connection = await connectInTime({ url: readStore, database: `${prefix}_${service}` });
  const reads = await openMongoReadStore({ connection, signingKey });
  return { reads, snapshots: reads.snapshots };
}

async function jetStreamBus({ bus: broker, prefix }: EnginesConfig, lease: string, parts: BusParts): Promise<EventBus> {
  const { services, raw, codec, reads, runner, leases, history, provider } = parts;
  const own = services.flatMap(({ aggregates }) => aggregates.map(({ category }) => category));
  const bus = await openJetStreamBus({
    ...broker,
    installation: prefix,
    eventStore: raw,
    codec,
    readStore: reads,
    parked: runner.readModel(parkedMessagesProjection),
    history: new JointHistory(own, history, () => provider(NeighbourHistory)),
    activity: activityOf(lease, leases),
    ...busNotices(),
  });
  for (const { publication } of services) if (publication) bus.publish(publication);
  return bus;
}
