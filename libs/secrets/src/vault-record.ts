import type { WrappedKey } from './key-ring';
import type { Destroyed } from './vault-crypto';

/** What lies in a vault, as it lies there: keys are wrapped, values encrypted. */
export type VaultRecord =
  | { readonly table: 'tenants' | 'installation'; readonly id: string; readonly key: WrappedKey | Destroyed }
  | { readonly table: 'values'; readonly tenant: string; readonly name: string; readonly box: string };
