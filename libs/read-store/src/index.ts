export * from './read-store.port';
export * from './lmdb-read-store';
export * from './read-model';
export * from './projection-runner';
export { UnindexableDocument } from './index-entries';
