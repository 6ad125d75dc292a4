import { platformTenant } from '@souk/contracts';
import { type ManagedResources, SimulatedResources } from '@souk/managed-resources';
import type { Clock } from '@souk/platform';
import type { SecretVault } from '@souk/secrets';
import { BuiltInProviders } from '../application/cloud-providers';
import type { DeploymentSettings } from '../application/deployment-settings';

/** The simulated cloud keeps what it has made in the vault: it is passwords, and it outlives the process. */
export const builtInProviders =
  ({ simulatedCloudMs }: DeploymentSettings) =>
  (vault: SecretVault, clock: Clock): BuiltInProviders => {
    const byName = new Map<string, ManagedResources>();
    if (simulatedCloudMs !== undefined) {
      const keyOf = (key: string) => `simulated-cloud/${key}`;
      const records = {
        get: (key: string) => vault.get(platformTenant, keyOf(key)),
        put: (key: string, value: string) => vault.put(platformTenant, keyOf(key), value),
        delete: (key: string) => vault.delete(platformTenant, keyOf(key)),
      };
      const now = () => clock.now().getTime();
      byName.set('simulated', new SimulatedResources({ records, now, takesMs: simulatedCloudMs }));
    }
    return { byName };
  };
