export * from './secret-vault.port';
export { KeyRing } from './key-ring';
export * from './lmdb-secret-vault';
export * from './registry-event-codec';
