export { LmdbEventStore, type LmdbEventStoreOptions, type EventStoreStats } from './lmdb-event-store';
export { serveEventStoreDb } from './protocol/serve-eventstoredb';
export { AddressUnavailable, type EventStoreDbServerOptions, type RunningEventStoreDbServer } from './protocol/server-options';
