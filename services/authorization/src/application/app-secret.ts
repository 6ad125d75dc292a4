import type { SecretVault } from '@souk/secrets';

/** What an AppSecret follows from, beside the data key of the owner. */
export interface SecretOrigin {
  readonly ownerTenant: string;
  readonly instanceId: string;
  readonly secretVersion: number;
}

/** The AppSecret: 256 bits as 43 characters of base64url. The same every time; stored nowhere. */
export async function appSecretOf(vault: SecretVault, { ownerTenant, instanceId, secretVersion }: SecretOrigin): Promise<string> {
  return (await vault.derive(ownerTenant, 'app-secret', instanceId, secretVersion, 32)).toString('base64url');
}

/**
 * The AppKey of an instance: 128 bits as 32 hex digits. It says nothing about the instance, and a creation that is repeated after a
 * crash has the same one.
 */
export async function appKeyOf(vault: SecretVault, ownerTenant: string, instanceId: string): Promise<string> {
  return (await vault.derive(ownerTenant, 'app-key', instanceId, 1, 16)).toString('hex');
}
