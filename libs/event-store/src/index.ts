export { LmdbEventStore, type LmdbEventStoreOptions, type EventStoreStats } from './lmdb-event-store';
