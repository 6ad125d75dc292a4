import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '@souk/event-sourcing/testing';
import { secretVaultContract } from '../testing/secret-vault.contract';
import { LmdbSecretVault } from './lmdb-secret-vault';
import { SealBroken } from './secret-vault.port';

secretVaultContract('LmdbSecretVault', async () => {
  const folder = temporaryFolder();
  let vault = await LmdbSecretVault.open({ directory: folder.path });
  return {
    get vault() {
      return vault;
    },
    reopen: async () => {
      await vault.close();
      vault = await LmdbSecretVault.open({ directory: folder.path });
    },
    stop: async () => {
      await vault.close();
      folder.remove();
    },
  };
});

describe('LmdbSecretVault', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  beforeEach(() => {
    folder = temporaryFolder();
  });
  afterEach(() => folder.remove());

  const within = async <T>(masterKeys: Buffer[] | undefined, use: (vault: LmdbSecretVault) => Promise<T>): Promise<T> => {
    const vault = await LmdbSecretVault.open({ directory: folder.path, ...(masterKeys && { masterKeys }) });
    try {
      return await use(vault);
    } finally {
      await vault.close();
    }
  };

  it('makes a key file that only its owner can read', async () => {
    await within(undefined, (vault) => vault.put('ten_1', 'a', '1'));
    expect(statSync(join(folder.path, 'keyring.json')).mode & 0o777).toBe(0o600);
  });

  it('leaves no plaintext on the disk', async () => {
    await within(undefined, (vault) => vault.put('ten_1', 'a', 'canary-value-of-a-secret'));
    for (const file of readdirSync(folder.path))
      expect(readFileSync(join(folder.path, file)).includes('canary-value')).toBe(false);
  });

  it('goes on after its ring was rotated, and then without the old key', async () => {
    const [old, young] = [randomBytes(32), randomBytes(32)];
    await within([old], (vault) => vault.put('ten_1', 'a', '1'));
    expect(await within([young, old], (vault) => vault.get('ten_1', 'a'))).toBe('1');
    expect(await within([young], (vault) => vault.get('ten_1', 'a'))).toBe('1');
  });

  it('does not open under another master key', async () => {
    const key = randomBytes(32);
    await within([key], (vault) => vault.put('ten_1', 'a', '1'));
    await expect(within([randomBytes(32)], (vault) => vault.get('ten_1', 'a'))).rejects.toThrow(SealBroken);
  });
});
