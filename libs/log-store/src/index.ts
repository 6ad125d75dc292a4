export * from './log-store.port';
export * from './lmdb-log-store';
