import { readFile } from 'node:fs/promises';
import { platformTenant } from '@souk/contracts';
import { alibabaAccountIn, AlibabaRds, type ManagedResources, SimulatedResources } from '@souk/managed-resources';
import type { Clock } from '@souk/platform';
import type { SecretVault } from '@souk/secrets';
import { type BuiltInProviders, SIMULATED } from '../application/cloud/cloud-providers';
import type { DeploymentSettings } from '../application/deployment-settings';

/** Bytes of a password of an account on RDS. */
const PASSWORD_BYTES = 24;

/**
 * The providers that settings name. What they have to keep is in the vault: the simulated cloud what it has made, which is passwords, and
 * passwords on RDS follow from the vault's keys.
 */
export const builtInProviders =
  ({ simulatedCloudMs, alibabaFile }: DeploymentSettings) =>
  async (vault: SecretVault, clock: Clock): Promise<BuiltInProviders> => {
    const byName = new Map<string, ManagedResources>();
    if (simulatedCloudMs !== undefined) byName.set(SIMULATED, simulatedCloud(vault, clock, simulatedCloudMs));
    if (alibabaFile !== undefined) {
      const account = alibabaAccountIn(await readFile(alibabaFile, 'utf8'));
      const passwordOf = async (bindingId: string) => {
        const bytes = await vault.derive(platformTenant, 'alibaba-account', bindingId, 1, PASSWORD_BYTES);
        // RDS wants characters of three kinds at least.
        return `Sk1${bytes.toString('hex').slice(0, 29)}`;
      };
      byName.set('alibaba', await AlibabaRds.open(account, passwordOf));
    }
    return { byName };
  };

function simulatedCloud(vault: SecretVault, clock: Clock, takesMs: number): SimulatedResources {
  const keyOf = (key: string) => `simulated-cloud/${key}`;
  const records = {
    get: (key: string) => vault.get(platformTenant, keyOf(key)),
    put: (key: string, value: string) => vault.put(platformTenant, keyOf(key), value),
    delete: (key: string) => vault.delete(platformTenant, keyOf(key)),
  };
  return new SimulatedResources({ records, now: () => clock.now().getTime(), takesMs });
}
