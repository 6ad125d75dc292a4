export { type ComposeImport, type ComposeOptions, importCompose, unreadable } from './import-compose';
export type { Finding, Outcome } from './finding';
