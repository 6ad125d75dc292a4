import * as fc from 'fast-check';
import { SealBroken, type SecretVault, TenantKeyDestroyed } from '../src/secret-vault.port';

/** A vault to try the laws on. */
export interface SecretVaultFixture {
  readonly vault: SecretVault;
  /** Closes the vault and opens it again on the same data. */
  reopen(): Promise<SecretVault>;
  /** Closes it and removes all traces. */
  destroy(): Promise<void>;
}

const text = fc.string({ unit: 'grapheme', maxLength: 100 });

/** The laws of {@link SecretVault}. Call within a spec file; `factory` makes an empty vault. */
export function secretVaultContract(name: string, factory: () => Promise<SecretVaultFixture>): void {
  describe(`${name} as a SecretVault`, () => {
    let fixture: SecretVaultFixture;
    beforeEach(async () => (fixture = await factory()));
    afterEach(() => fixture.destroy());

    describe('a value', () => {
      it('can be read until it is replaced or deleted, also after the vault was opened again', async () => {
        const { vault } = fixture;
        expect(await vault.get('t1', 'kubeconfig')).toBeUndefined();
        await vault.put('t1', 'kubeconfig', 'one');
        await vault.put('t1', 'kubeconfig', 'zwei ü');
        await vault.put('t1', 'other', '');
        expect(await vault.get('t1', 'kubeconfig')).toBe('zwei ü');
        const again = await fixture.reopen();
        expect(await again.get('t1', 'kubeconfig')).toBe('zwei ü');
        expect(await again.get('t1', 'other')).toBe('');
        await again.delete('t1', 'kubeconfig');
        await again.delete('t1', 'never there');
        expect(await again.get('t1', 'kubeconfig')).toBeUndefined();
        expect(await again.get('t1', 'other')).toBe('');
      });

      it('belongs to its tenant', async () => {
        await fixture.vault.put('t1', 'kubeconfig', 'one');
        expect(await fixture.vault.get('t2', 'kubeconfig')).toBeUndefined();
      });

      it('may be as long as a kubeconfig with certificates', async () => {
        const long = 'x'.repeat(100_000);
        await fixture.vault.put('t1', 'kubeconfig', long);
        expect(await fixture.vault.get('t1', 'kubeconfig')).toBe(long);
      });
    });

    describe('a derived secret', () => {
      it('is the same every time, also after the vault was opened again', async () => {
        const first = await fixture.vault.derive('t1', 'app-secret', 'key|1', 1, 32);
        expect(first).toHaveLength(32);
        expect(await fixture.vault.derive('t1', 'app-secret', 'key|1', 1, 32)).toEqual(first);
        expect(await (await fixture.reopen()).derive('t1', 'app-secret', 'key|1', 1, 32)).toEqual(first);
      });

      it('is one when many ask for it at the same time', async () => {
        const all = await Promise.all(Array.from({ length: 20 }, () => fixture.vault.derive('t1', 'app-secret', '1', 1, 32)));
        expect(new Set(all.map((one) => one.toString('hex'))).size).toBe(1);
      });

      it('is another one for another tenant, purpose, id or version', async () => {
        const { vault } = fixture;
        const all = await Promise.all([
          vault.derive('t1', 'app-secret', '1', 1, 32),
          vault.derive('t2', 'app-secret', '1', 1, 32),
          vault.derive('t1', 'password', '1', 1, 32),
          vault.derive('t1', 'app-secret', '2', 1, 32),
          vault.derive('t1', 'app-secret', '1', 2, 32),
          vault.derive('t1', 'app-secret', '1|1', 1, 32),
          vault.installationKey('app-secret|1|1', 32),
        ]);
        expect(new Set(all.map((one) => one.toString('hex'))).size).toBe(all.length);
      });

      it('has a purpose without "|"', async () => {
        await expect(fixture.vault.derive('t1', 'a|b', '1', 1, 32)).rejects.toBeInstanceOf(RangeError);
      });
    });

    describe('a sealed text', () => {
      it('opens with the same tenant and context, and shows nothing', async () => {
        await fc.assert(
          fc.asyncProperty(text, text, async (plain, context) => {
            const sealed = await fixture.vault.seal('t1', plain, context);
            expect(sealed).toMatch(/^[\w-]+$/);
            expect(plain.length > 4 && sealed.includes(plain)).toBe(false);
            expect(await fixture.vault.unseal('t1', sealed, context)).toBe(plain);
          }),
          { numRuns: 50 },
        );
      });

      it('opens after the vault was opened again', async () => {
        const sealed = await fixture.vault.seal('t1', 'Ada', 'event|name');
        expect(await (await fixture.reopen()).unseal('t1', sealed, 'event|name')).toBe('Ada');
      });

      it('of another context or tenant does not open', async () => {
        const { vault } = fixture;
        const sealed = await vault.seal('t1', 'Ada', 'event|name');
        await vault.seal('t2', 'Bob', 'event|name');
        expect(await vault.unseal('t1', sealed, 'event|name')).toBe('Ada');
        await expect(vault.unseal('t1', sealed, 'event|mail')).rejects.toBeInstanceOf(SealBroken);
        await expect(vault.unseal('t2', sealed, 'event|name')).rejects.toBeInstanceOf(SealBroken);
        await expect(vault.unseal('nobody', sealed, 'event|name')).rejects.toBeInstanceOf(SealBroken);
      });

      it('that was changed does not open', async () => {
        const sealed = await fixture.vault.seal('t1', 'Ada', 'event|name');
        expect(await fixture.vault.unseal('t1', sealed, 'event|name')).toBe('Ada');
        const forgery = fc.tuple(fc.nat({ max: sealed.length - 1 }), fc.constantFrom('A', 'Q', 'g', 'w', '-'));
        await fc.assert(
          fc.asyncProperty(forgery, async ([at, char]) => {
            fc.pre(sealed[at] !== char);
            const forged = sealed.slice(0, at) + char + sealed.slice(at + 1);
            await expect(fixture.vault.unseal('t1', forged, 'event|name')).rejects.toBeInstanceOf(SealBroken);
          }),
        );
        for (const forged of ['', 'x', sealed.slice(0, -4), `${sealed}AAAA`])
          await expect(fixture.vault.unseal('t1', forged, 'event|name')).rejects.toBeInstanceOf(SealBroken);
      });
    });

    describe('a key of the installation', () => {
      it('is the same every time, and another one for another purpose', async () => {
        const signing = await fixture.vault.installationKey('token signing', 32);
        expect(await fixture.vault.installationKey('cursors', 64)).toHaveLength(64);
        expect(await fixture.vault.installationKey('cursors', 32)).not.toEqual(signing);
        expect(await (await fixture.reopen()).installationKey('token signing', 32)).toEqual(signing);
      });
    });

    describe('when the key of a tenant was destroyed', () => {
      let sealed: string;
      beforeEach(async () => {
        const { vault } = fixture;
        for (const tenant of ['t1', 't10']) await vault.put(tenant, 'kubeconfig', tenant);
        sealed = await vault.seal('t1', 'Ada', 'event|name');
        expect(await vault.unseal('t1', sealed, 'event|name')).toBe('Ada');
        await vault.destroyTenantKey('t1');
      });

      it.each(['at once', 'after the vault was opened again'])('nothing of that tenant can be read %s', async (when) => {
        const vault = when === 'at once' ? fixture.vault : await fixture.reopen();
        expect(await vault.unseal('t1', sealed, 'event|name')).toBeUndefined();
        expect(await vault.get('t1', 'kubeconfig')).toBeUndefined();
        await vault.delete('t1', 'kubeconfig');
        await vault.destroyTenantKey('t1');
      });

      it.each(['at once', 'after the vault was opened again'])('it gets no new one %s', async (when) => {
        const vault = when === 'at once' ? fixture.vault : await fixture.reopen();
        await expect(vault.derive('t1', 'app-secret', '1', 1, 32)).rejects.toBeInstanceOf(TenantKeyDestroyed);
        await expect(vault.seal('t1', 'Ada', 'event|name')).rejects.toBeInstanceOf(TenantKeyDestroyed);
        await expect(vault.put('t1', 'kubeconfig', 'again')).rejects.toBeInstanceOf(TenantKeyDestroyed);
      });

      it('the others keep theirs', async () => {
        expect(await fixture.vault.get('t10', 'kubeconfig')).toBe('t10');
      });
    });
  });
}
