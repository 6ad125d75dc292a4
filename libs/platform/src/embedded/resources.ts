import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { LmdbEventStore } from '@souk/event-store';
import { LmdbReadStore } from '@souk/read-store';
import { LmdbSecretVault } from '@souk/secrets';

/** Everything that is kept below one data folder. */
export interface Resources {
  readonly events: LmdbEventStore;
  readonly reads: LmdbReadStore;
  readonly vault: LmdbSecretVault;
}

export interface ResourceOptions {
  /** Everything that is kept lies under it. */
  readonly dataDir: string;
  /** Key ring of the vault, first one wraps; without it a key file is made in `dataDir`. */
  readonly masterKeys?: readonly Buffer[];
  /** For who only looks: see `LmdbSecretVaultOptions`. */
  readonly keepWrapping?: boolean;
}

/** @throws StoreLocked while another process has the folder open */
export async function openResources({ dataDir, masterKeys, keepWrapping = false }: ResourceOptions): Promise<Resources> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const events = await LmdbEventStore.open({ directory: join(dataDir, 'events') });
  const vault = await LmdbSecretVault.open({
    directory: join(dataDir, 'vault'),
    keepWrapping,
    ...(masterKeys && { masterKeys }),
  });
  const signingKey = await vault.installationKey('cursors', 32);
  const reads = await LmdbReadStore.open({ directory: join(dataDir, 'read-models'), signingKey });
  return { events, reads, vault };
}
