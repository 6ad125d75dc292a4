export * from './secret-vault.port';
export { KeyRingUnusable, parseMasterKeys } from './key-ring';
export * from './lmdb-secret-vault';
export * from './mongo-secret-vault';
export * from './registry-event-codec';
