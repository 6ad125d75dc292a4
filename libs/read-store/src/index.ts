export * from './read-store.port';
export * from './lmdb-read-store';
export * from './mongo/mongo-read-store';
export * from './read-model';
export * from './projection-runner';
export { Rebuild, type RebuildProgress, RebuildRunning, type RebuildStatus, UnknownReadModel } from './rebuild';
export { UnindexableDocument } from './index-entries';
export * from './rebuild-apart';
export * from './isolated-projection';
