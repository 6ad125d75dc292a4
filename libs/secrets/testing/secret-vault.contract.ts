import fc from 'fast-check';
import { SealBroken, type SecretVault } from '../src/secret-vault.port';

/** How the suite gets at the adapter: a vault that can be closed and opened again with all it keeps. */
export interface VaultUnderTest {
  vault: SecretVault;
  reopen(): Promise<void>;
}

/** The laws of {@link SecretVault}, for every adapter. */
export function secretVaultContract(name: string, start: () => Promise<VaultUnderTest & { stop(): Promise<void> }>): void {
  describe(`${name} keeps the laws of a secret vault`, () => {
    let it_: VaultUnderTest & { stop(): Promise<void> };
    beforeEach(async () => {
      it_ = await start();
    });
    afterEach(() => it_.stop());

    it('gives back what was put, also after it was opened again', async () => {
      await it_.vault.put('ten_1', 'kubeconfig', 'apiVersion: v1');
      await it_.reopen();
      expect(await it_.vault.get('ten_1', 'kubeconfig')).toBe('apiVersion: v1');
    });

    it('keeps tenants and names apart', async () => {
      await it_.vault.put('ten_1', 'a', '1');
      await it_.vault.put('ten_2', 'a', '2');
      await it_.vault.delete('ten_1', 'a');
      expect([await it_.vault.get('ten_1', 'a'), await it_.vault.get('ten_2', 'a'), await it_.vault.get('ten_2', 'b')]).toEqual([
        undefined,
        '2',
        undefined,
      ]);
    });

    it('derives the same secret every time, and another for every purpose, id, version and tenant', async () => {
      const derive = async (tenant: string, purpose: string, id: string, version: number): Promise<string> =>
        (await it_.vault.derive(tenant, purpose, id, version, 32)).toString('hex');
      const all = [
        await derive('ten_1', 'app-secret', 'inst_1', 1),
        await derive('ten_1', 'app-secret', 'inst_1', 2),
        await derive('ten_1', 'app-secret', 'inst_2', 1),
        await derive('ten_1', 'instance-secret', 'inst_1', 1),
        await derive('ten_2', 'app-secret', 'inst_1', 1),
      ];
      expect(new Set(all).size).toBe(5);
      await it_.reopen();
      expect(await derive('ten_1', 'app-secret', 'inst_1', 1)).toBe(all[0]);
      expect(await it_.vault.installationKey('cursors', 32)).toEqual(await it_.vault.installationKey('cursors', 32));
      expect(await it_.vault.installationKey('cursors', 32)).not.toEqual(await it_.vault.installationKey('tokens', 32));
    });

    it('opens what it sealed, whatever it was', async () => {
      await fc.assert(
        fc.asyncProperty(fc.string(), fc.string(), async (text, context) => {
          expect(await it_.vault.unseal('ten_1', await it_.vault.seal('ten_1', text, context), context)).toBe(text);
        }),
        { numRuns: 50 },
      );
    });

    it('refuses what was changed, or sealed for another context or tenant', async () => {
      const sealed = await it_.vault.seal('ten_1', 'text', 'here');
      await it_.vault.seal('ten_2', 'so that the tenant has a key', '');
      await expect(it_.vault.unseal('ten_1', sealed, 'there')).rejects.toThrow(SealBroken);
      await expect(it_.vault.unseal('ten_2', sealed, 'here')).rejects.toThrow(SealBroken);
      for (const at of [0, 20, sealed.length - 2]) {
        const changed = sealed.slice(0, at) + (sealed[at] === 'A' ? 'B' : 'A') + sealed.slice(at + 1);
        await expect(it_.vault.unseal('ten_1', changed, 'here')).rejects.toThrow(SealBroken);
      }
    });

    it('cannot read anything of a tenant any more whose key was destroyed', async () => {
      await it_.vault.put('ten_1', 'a', '1');
      const sealed = await it_.vault.seal('ten_1', 'text', 'here');
      await it_.vault.destroyTenantKey('ten_1');
      await it_.reopen();
      expect(await it_.vault.get('ten_1', 'a')).toBeUndefined();
      expect(await it_.vault.unseal('ten_1', sealed, 'here')).toBeUndefined();
      await expect(it_.vault.derive('ten_1', 'app-secret', 'inst_1', 1, 32)).rejects.toMatchObject({
        code: 'tenant-key-destroyed',
      });
    });

    it('makes one key for a tenant, however many ask at once', async () => {
      const derived = await Promise.all(Array.from({ length: 20 }, () => it_.vault.derive('ten_9', 'p', 'i', 1, 32)));
      expect(new Set(derived.map((secret) => secret.toString('hex'))).size).toBe(1);
    });
  });
}
