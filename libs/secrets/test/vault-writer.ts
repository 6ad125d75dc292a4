import { writeSync } from 'node:fs';
import { LmdbSecretVault } from '@souk/secrets';

/**
 * Puts, seals and destroys until it is killed, and prints what was acknowledged: `put <n>`, `sealed <n> <text>`, `destroyed <n>`.
 * Arguments: folder, first number.
 */
async function main(): Promise<void> {
  const [folder = '', first = '0'] = process.argv.slice(2);
  const vault = await LmdbSecretVault.open({ directory: folder });
  for (let n = Number(first); ; n++) {
    const tenant = `tenant-${n}`;
    await vault.put(tenant, 'secret', `value ${n}`);
    writeSync(1, `put ${n}\n`);
    writeSync(1, `sealed ${n} ${await vault.seal(tenant, `text ${n}`, 'context')}\n`);
    if (n % 3 !== 0) continue;
    await vault.destroyTenantKey(tenant);
    writeSync(1, `destroyed ${n}\n`);
  }
}

void main();
