export { LmdbEventStore, type LmdbEventStoreOptions, type EventStoreStats } from './lmdb-event-store';
export { type EventStoreDb, type EventStoreDbOptions, openEventStoreDb } from './eventstoredb/event-store-db';
export * from './eventstoredb/errors';
export { compareStores, type StoreComparison } from './migration/compare-stores';
export { moveEvents, type MoveOutcome, MoveRefused } from './migration/move-events';
export { serveEventStoreDb } from './protocol/serve-eventstoredb';
export { AddressUnavailable, type EventStoreDbServerOptions, type RunningEventStoreDbServer } from './protocol/server-options';
