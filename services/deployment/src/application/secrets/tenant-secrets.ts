import { Injectable } from '@nestjs/common';
import { NamedSecrets, SecretVault } from '@souk/secrets';

/** Secrets that a buyer stores under names of its own, to be supplied to instances. Values go in and never come out by this door. */
@Injectable()
export class TenantSecrets {
  private readonly kept: NamedSecrets;

  constructor(vault: SecretVault) {
    this.kept = new NamedSecrets(vault, { prefix: 'stored/', list: 'stored-names' });
  }

  async put(tenant: string, name: string, value: string): Promise<void> {
    await this.kept.put(tenant, name, value);
  }

  /** A repeat is no error. */
  async delete(tenant: string, name: string): Promise<void> {
    await this.kept.delete(tenant, name);
  }

  async value(tenant: string, name: string): Promise<string | undefined> {
    return this.kept.get(tenant, name);
  }

  async names(tenant: string): Promise<string[]> {
    return (await this.kept.all(tenant)).map(([name]) => name);
  }
}
