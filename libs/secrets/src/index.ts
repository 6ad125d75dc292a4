export * from './secret-vault.port';
export { KeyRingUnusable, parseMasterKeys } from './key-ring';
export * from './lmdb-secret-vault';
export * from './mongo-secret-vault';
export * from './registry-event-codec';
export { moveVault, type VaultMoveOutcome, VaultMoveRefused } from './move-vault';
export * from './named-secrets';
