import type { SecretVault } from '@souk/secrets';
import { RegistryLogins, TooManyLogins } from './registry-logins';

/** Values in memory. */
class Drawer implements Pick<SecretVault, 'get' | 'put' | 'delete'> {
  private readonly values = new Map<string, string>();

  async get(tenant: string, name: string): Promise<string | undefined> {
    return this.values.get(`${tenant} ${name}`);
  }

  async put(tenant: string, name: string, value: string): Promise<void> {
    this.values.set(`${tenant} ${name}`, value);
  }

  async delete(tenant: string, name: string): Promise<void> {
    this.values.delete(`${tenant} ${name}`);
  }
}

describe('Logins for registries', () => {
  const credentials = { username: 'souk', password: 'x' };

  it('are a hundred of one account, of which any can be replaced, and those of others do not count', async () => {
    const logins = new RegistryLogins(new Drawer() as Partial<SecretVault> as SecretVault);
    const put = (registry: string, tenant = 'ten_1') => logins.put(tenant, registry, credentials);
    for (let i = 0; i < 100; i++) await put(`r${i}.example`);
    await expect(put('one-more.example')).rejects.toThrow(TooManyLogins);
    expect(await logins.list('ten_1')).toHaveLength(100);
    await put('r7.example');
    await put('one-more.example', 'ten_2');
    await logins.delete('ten_1', 'r0.example');
    await put('one-more.example');
    expect(await logins.to('ten_1', 'one-more.example')).toEqual(credentials);
  });
});
