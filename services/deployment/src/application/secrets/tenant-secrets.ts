import { Injectable } from '@nestjs/common';
import { SecretVault } from '@souk/secrets';

/** Names of a tenant's own secrets in its vault; the list of them lies beside. */
const storedName = (name: string): string => `stored/${name}`;
const LIST = 'stored-names';

/** Secrets that a buyer stores under names of its own, to be supplied to instances. Values go in and never come out by this door. */
@Injectable()
export class TenantSecrets {
  /** Changes of one tenant's list: one after the other. */
  private readonly turns = new Map<string, Promise<void>>();

  constructor(private readonly vault: SecretVault) {}

  async put(tenant: string, name: string, value: string): Promise<void> {
    await this.inTurn(tenant, async () => {
      // First the name: a crash in between leaves a name without a value, which the list does not show.
      await this.write(tenant, [...(await this.read(tenant)), name]);
      await this.vault.put(tenant, storedName(name), value);
    });
  }

  /** A repeat is no error. */
  async delete(tenant: string, name: string): Promise<void> {
    await this.inTurn(tenant, async () => {
      await this.vault.delete(tenant, storedName(name));
      await this.write(
        tenant,
        (await this.read(tenant)).filter((known) => known !== name),
      );
    });
  }

  async value(tenant: string, name: string): Promise<string | undefined> {
    return this.vault.get(tenant, storedName(name));
  }

  async names(tenant: string): Promise<string[]> {
    const names = await this.read(tenant);
    const stored = await Promise.all(names.map(async (name) => (await this.value(tenant, name)) !== undefined));
    return names.filter((_, i) => stored[i]);
  }

  private async read(tenant: string): Promise<string[]> {
    return JSON.parse((await this.vault.get(tenant, LIST)) ?? '[]') as string[];
  }

  private async write(tenant: string, names: readonly string[]): Promise<void> {
    await this.vault.put(tenant, LIST, JSON.stringify([...new Set(names)].sort()));
  }

  private async inTurn(tenant: string, change: () => Promise<void>): Promise<void> {
    const turn = (this.turns.get(tenant) ?? Promise.resolve()).catch(() => undefined).then(change);
    this.turns.set(tenant, turn);
    try {
      await turn;
    } finally {
      if (this.turns.get(tenant) === turn) this.turns.delete(tenant);
    }
  }
}
