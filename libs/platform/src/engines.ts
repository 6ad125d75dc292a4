import type { Leases, LeaseOptions } from '@souk/coordination';
import type { EventCodec, EventStore, SnapshotStore } from '@souk/event-sourcing';
import type { EventBus, InProcessBusOptions, PublicHistory } from '@souk/messaging';
import type { ProjectionRunner, ReadStore } from '@souk/read-store';
import type { SecretVault } from '@souk/secrets';
import type { StorageHealth } from './observability/storage-health';
import type { ServiceDefinition } from './service.module';

/** How the bus retries and when it gives up; its defaults are for production. */
export type BusOptions = Pick<InProcessBusOptions, 'retry' | 'maxAttempts' | 'handlerTimeoutMs'>;

/** What a bus is made of. */
export interface BusParts {
  /** Every service of this process, and the machinery. */
  readonly services: readonly ServiceDefinition[];
  /** As it lies. */
  readonly raw: EventStore;
  readonly codec: EventCodec;
  readonly reads: ReadStore;
  readonly runner: ProjectionRunner;
  readonly leases: Leases;
  /** What the services of this process have told. */
  readonly history: PublicHistory;
  /** Another provider of the process, for when it runs: not everything is there yet when the bus is made. */
  readonly provider: <T>(port: abstract new (...args: never[]) => T) => T;
}

/** Where {@link Engines} are injected. */
export const ENGINES = 'souk:engines';

/** The technologies that a process stands on: ports with their adapters. Opened once, before everything else, and closed after it. */
export interface Engines {
  /** As it lies: sealed fields sealed, old shapes old. */
  readonly events: EventStore;
  readonly reads: ReadStore;
  readonly snapshots: SnapshotStore;
  readonly vault: SecretVault;
  readonly storage: StorageHealth;
  /** Of every lease of this process. */
  readonly leases: Pick<LeaseOptions, 'termMs' | 'sole'>;
  /** What is done by one process at a time, and the lease for it. What has none is done by every process. */
  readonly leaseNames: LeaseNames;
  bus(parts: BusParts): EventBus | Promise<EventBus>;
  close(): Promise<void>;
}

export interface LeaseNames {
  readonly deadlines: string;
  /** Folding of read models, where processes share them. */
  readonly projections?: string;
  /** Telling public events, and hearing of those of others, where processes share that. */
  readonly bus?: string;
}
