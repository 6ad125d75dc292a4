export { LmdbEventStore, type LmdbEventStoreOptions, type EventStoreStats } from './lmdb-event-store';
export { type EventStoreDbServerOptions, type RunningEventStoreDbServer, serveEventStoreDb } from './protocol/serve-eventstoredb';
