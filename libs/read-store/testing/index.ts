export * from './read-store.contract';
export * from './count-reads';
