export * from './read-store.port';
export * from './lmdb-read-store';
export { UnindexableDocument } from './index-entries';
