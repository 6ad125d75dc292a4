export { LmdbEventStore, type LmdbEventStoreOptions, type EventStoreStats } from './lmdb-event-store';
export { serveEventStoreDb } from './protocol/serve-eventstoredb';
export type { EventStoreDbServerOptions, RunningEventStoreDbServer } from './protocol/server-options';
