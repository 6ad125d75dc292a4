import { randomBytes } from 'node:crypto';
import { chmodSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Child, temporaryFolder } from '@souk/event-sourcing/testing';
import { openEnvironment } from '@souk/lmdb';
import { secretVaultContract } from '../testing/secret-vault.contract';
import { KeyRingUnusable, LmdbSecretVault, SealBroken } from '.';

secretVaultContract('LmdbSecretVault', async () => {
  const folder = temporaryFolder();
  let vault = await LmdbSecretVault.open({ directory: folder.path });
  return {
    get vault() {
      return vault;
    },
    reopen: async () => {
      await vault.close();
      return (vault = await LmdbSecretVault.open({ directory: folder.path }));
    },
    destroy: async () => {
      await vault.close();
      folder.remove();
    },
  };
});

describe('LmdbSecretVault', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  beforeEach(() => (folder = temporaryFolder()));
  afterEach(() => folder.remove());

  const withVault = async <T>(use: (vault: LmdbSecretVault) => Promise<T>, ...masterKeys: readonly Buffer[]): Promise<T> => {
    const vault = await LmdbSecretVault.open({ directory: folder.path, ...(masterKeys.length > 0 && { masterKeys }) });
    try {
      return await use(vault);
    } finally {
      await vault.close();
    }
  };
  const fill = (vault: LmdbSecretVault) => vault.put('t1', 'name', 'value');
  const read = (vault: LmdbSecretVault) => vault.get('t1', 'name');
  /** Everything that lies in the folder, as one text. */
  const bytesOnDisk = (): string =>
    readdirSync(folder.path)
      .map((name) => readFileSync(join(folder.path, name), 'latin1'))
      .join('\n');

  describe('without master key', () => {
    it('makes a key ring at its first start, for the owner alone', async () => {
      await withVault(fill);
      expect(statSync(join(folder.path, 'keyring.json')).mode & 0o777).toBe(0o600);
      const before = readFileSync(join(folder.path, 'keyring.json'), 'utf8');
      expect(await withVault(read)).toBe('value');
      expect(readFileSync(join(folder.path, 'keyring.json'), 'utf8')).toBe(before);
    });

    it('does not open when others may read the key ring', async () => {
      await withVault(fill);
      chmodSync(join(folder.path, 'keyring.json'), 0o640);
      await expect(withVault(read)).rejects.toBeInstanceOf(KeyRingUnusable);
      chmodSync(join(folder.path, 'keyring.json'), 0o600);
      expect(await withVault(read)).toBe('value');
    });

    it('does not make a new key ring over data of a lost one', async () => {
      await withVault(fill);
      rmSync(join(folder.path, 'keyring.json'));
      await expect(withVault(read)).rejects.toBeInstanceOf(KeyRingUnusable);
      expect(readdirSync(folder.path)).not.toContain('keyring.json');
    });
  });

  describe('with master keys', () => {
    const [oldKey, newKey, otherKey] = [randomBytes(32), randomBytes(32), randomBytes(32)] as const;

    it('writes none of them down', async () => {
      await withVault(fill, oldKey);
      expect(readdirSync(folder.path)).not.toContain('keyring.json');
      expect(bytesOnDisk()).not.toContain(oldKey.toString('base64'));
    });

    it('opens with that key alone', async () => {
      await withVault(fill, oldKey);
      expect(await withVault(read, oldKey)).toBe('value');
      await expect(withVault(read, otherKey)).rejects.toBeInstanceOf(KeyRingUnusable);
      await expect(withVault(read)).rejects.toBeInstanceOf(KeyRingUnusable);
    });

    it('goes over to a new one in front, after which the old one can go', async () => {
      const [derived, sealed, installation] = await withVault(async (vault) => {
        await fill(vault);
        await vault.destroyTenantKey('gone');
        return [
          await vault.derive('t2', 'p', 'id', 1, 16),
          await vault.seal('t3', 'text', 'c'),
          await vault.installationKey('p', 16),
        ] as const;
      }, oldKey);
      expect(await withVault(read, newKey, oldKey)).toBe('value');
      await withVault(async (vault) => {
        expect(await read(vault)).toBe('value');
        expect(await vault.derive('t2', 'p', 'id', 1, 16)).toEqual(derived);
        expect(await vault.unseal('t3', sealed, 'c')).toBe('text');
        expect(await vault.installationKey('p', 16)).toEqual(installation);
        expect(await vault.unseal('gone', sealed, 'c')).toBeUndefined();
      }, newKey);
      await expect(withVault(read, oldKey)).rejects.toBeInstanceOf(KeyRingUnusable);
    });

    it('goes over from the key ring in the folder', async () => {
      await withVault(fill);
      expect(await withVault(read, newKey)).toBe('value');
      rmSync(join(folder.path, 'keyring.json'));
      expect(await withVault(read, newKey)).toBe('value');
    });

    it('takes keys of 32 bytes only', async () => {
      await expect(withVault(fill, randomBytes(31))).rejects.toBeInstanceOf(KeyRingUnusable);
    });
  });

  it('shows nothing in its files', async () => {
    await withVault(async (vault) => {
      await vault.put('t1', 'kubeconfig', 'canary-value');
      await vault.seal('t1', 'canary-text', 'context');
    });
    expect(bytesOnDisk()).not.toContain('canary');
  });

  describe('tampered with', () => {
    const tamper = async (
      change: (tables: { values: Map<string, string>; tenants: Map<string, object> }) => void,
    ): Promise<void> => {
      const environment = await openEnvironment(folder.path);
      const values = environment.openTable<readonly [string, string], string>('values', { encoding: 'text' });
      const tenants = environment.openTable<string, object>('tenants', { encoding: 'json' });
      const copies = {
        values: new Map([...values.entries()].map(({ key, value }) => [key.join(' '), value])),
        tenants: new Map([...tenants.entries()].map(({ key, value }) => [key, value])),
      };
      change(copies);
      await environment.write(() => {
        for (const [key, value] of copies.values) values.put(key.split(' ') as [string, string], value);
        for (const [key, value] of copies.tenants) tenants.put(key, value);
      });
      await environment.close();
    };
    beforeEach(() =>
      withVault(async (vault) => {
        await vault.put('t1', 'a', 'of a');
        await vault.put('t1', 'b', 'of b');
        await vault.put('t2', 'a', 'of t2');
      }),
    );

    it('refuses a value that was moved to another name', async () => {
      await tamper(({ values }) => values.set('t1 b', values.get('t1 a')!));
      await withVault(async (vault) => {
        await expect(vault.get('t1', 'b')).rejects.toBeInstanceOf(SealBroken);
        expect(await vault.get('t1', 'a')).toBe('of a');
      });
    });

    it('refuses a key that was moved to another tenant', async () => {
      await tamper(({ values, tenants }) => {
        tenants.set('t2', tenants.get('t1')!);
        values.set('t2 a', values.get('t1 a')!);
      });
      await withVault(async (vault) => {
        await expect(vault.get('t2', 'a')).rejects.toBeInstanceOf(SealBroken);
        await expect(vault.derive('t2', 'p', 'id', 1, 16)).rejects.toBeInstanceOf(SealBroken);
      });
    });

    it('refuses a value that was changed', async () => {
      await tamper(({ values }) => {
        const value = Buffer.from(values.get('t1 a')!, 'base64');
        value[14]! ^= 1;
        values.set('t1 a', value.toString('base64'));
      });
      await withVault(async (vault) => {
        await expect(vault.get('t1', 'a')).rejects.toBeInstanceOf(SealBroken);
      });
    });
  });

  describe('killed while it writes', () => {
    it('keeps everything that it had acknowledged, and what it had destroyed stays so', async () => {
      for (const [round, lines] of [40, 75].entries()) {
        const child = new Child(join(__dirname, '..', 'test', 'vault-writer.ts'), { args: [folder.path, `${1000 * round}`] });
        await child.printed(lines);
        await child.kill();
        const destroyed = new Set(child.lines.filter((line) => line.startsWith('destroyed')).map((line) => line.split(' ')[1]));
        await withVault(async (vault) => {
          for (const line of child.lines) {
            const [kind, n, text] = line.split(' ');
            const gone = destroyed.has(n);
            // What comes after the last line may have happened, too.
            if (!gone && line.includes(` ${child.lines.at(-1)!.split(' ')[1]!}`)) continue;
            if (kind === 'put') expect(await vault.get(`tenant-${n!}`, 'secret')).toBe(gone ? undefined : `value ${n!}`);
            if (kind === 'sealed')
              expect(await vault.unseal(`tenant-${n!}`, text!, 'context')).toBe(gone ? undefined : `text ${n!}`);
          }
        });
      }
    });
  });
});
