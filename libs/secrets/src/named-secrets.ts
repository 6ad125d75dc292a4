import type { SecretVault } from './secret-vault.port';

/** Where a collection lies in the vault of its tenant: each value at `prefix` + its name, the names as JSON at `list`. */
export interface Place {
  readonly prefix: string;
  readonly list: string;
}

/**
 * Values that tenants keep under names of their own, and which names there are: a vault by itself tells none. Changes of one tenant's
 * collection are made one after the other, in this process.
 */
export class NamedSecrets {
  private readonly turns = new Map<string, Promise<void>>();

  constructor(
    private readonly vault: SecretVault,
    private readonly place: Place,
  ) {}

  /**
   * Durable when fulfilled; a repeated put replaces the value.
   * @param allow looks at the names that there are so far, and throws where there can be no other one
   */
  async put(
    tenant: string,
    name: string,
    value: string,
    allow: (names: readonly string[]) => void = () => undefined,
  ): Promise<void> {
    await this.inTurn(tenant, async () => {
      const names = await this.read(tenant);
      if (!names.includes(name)) allow(names);
      // First the name: a crash in between leaves a name without a value, which the list does not show.
      await this.write(tenant, [...names, name]);
      await this.vault.put(tenant, this.at(name), value);
    });
  }

  /** A repeat is no error. */
  async delete(tenant: string, name: string): Promise<void> {
    await this.inTurn(tenant, async () => {
      await this.vault.delete(tenant, this.at(name));
      const names = await this.read(tenant);
      await this.write(
        tenant,
        names.filter((known) => known !== name),
      );
    });
  }

  /** `undefined` where there is none. */
  async get(tenant: string, name: string): Promise<string | undefined> {
    return this.vault.get(tenant, this.at(name));
  }

  /** All of a tenant, by name, sorted. */
  async all(tenant: string): Promise<[name: string, value: string][]> {
    const names = await this.read(tenant);
    const values = await Promise.all(names.map((name) => this.get(tenant, name)));
    return names.flatMap((name, i) => (values[i] === undefined ? [] : [[name, values[i]]]));
  }

  private at(name: string): string {
    return this.place.prefix + name;
  }

  private async read(tenant: string): Promise<string[]> {
    return JSON.parse((await this.vault.get(tenant, this.place.list)) ?? '[]') as string[];
  }

  private async write(tenant: string, names: readonly string[]): Promise<void> {
    await this.vault.put(tenant, this.place.list, JSON.stringify([...new Set(names)].sort()));
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
