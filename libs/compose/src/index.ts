export { type ComposeImport, type ComposeOptions, importCompose } from './import-compose';
export type { Finding, Outcome } from './finding';
