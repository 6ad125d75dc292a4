import type { LmdbSecretVault } from './lmdb-secret-vault';
import type { MongoSecretVault } from './mongo-secret-vault';
import type { SecretVault } from './secret-vault.port';

/** Why a vault was not moved; the message is for people, and names no secret. */
export class VaultMoveRefused extends Error {
  readonly code = 'vault-move-refused';
}

export interface VaultMoveOutcome {
  readonly tenants: number;
  readonly values: number;
}

/** What is derived from both sides, to see whether the keys are the same. */
const CHECK = 'moved';
const CHECK_BYTES = 32;

/**
 * Copies everything in the vault to another one, wrapped under the first key of the source's ring, and compares what follows from it on
 * both sides. What the target has already stays: it may be run again.
 * @throws VaultMoveRefused where the target has other keys
 */
export async function moveVault(source: LmdbSecretVault, target: MongoSecretVault): Promise<VaultMoveOutcome> {
  const outcome = { tenants: 0, values: 0 };
  for (const record of source.records('installation')) {
    await target.takeOver(record);
    const ours = await source.installationKey(CHECK, CHECK_BYTES);
    if (!ours.equals(await target.installationKey(CHECK, CHECK_BYTES)))
      throw new VaultMoveRefused('the target holds the keys of another installation');
  }
  for (const record of source.records('tenants')) {
    if (record.table === 'values') continue;
    await target.takeOver(record);
    outcome.tenants++;
    if (!('destroyed' in record.key) && !(await same(source, target, record.id)))
      throw new VaultMoveRefused(`the target holds another key of tenant "${record.id}"`);
  }
  for (const record of source.records('values')) {
    if (record.table !== 'values') continue;
    await target.takeOver(record);
    outcome.values++;
    const { tenant, name } = record;
    if ((await target.get(tenant, name)) !== (await source.get(tenant, name)))
      throw new VaultMoveRefused(`the target holds another value of "${name}" of tenant "${tenant}"`);
  }
  return outcome;
}

async function same(source: SecretVault, target: SecretVault, tenant: string): Promise<boolean> {
  const derived = (vault: SecretVault): Promise<Buffer> => vault.derive(tenant, CHECK, CHECK, 1, CHECK_BYTES);
  return (await derived(source)).equals(await derived(target));
}
