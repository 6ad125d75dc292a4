import { Injectable } from '@nestjs/common';
import { DomainError } from '@souk/event-sourcing';
import type { RegistryCredentials } from '@souk/registry';
import { SecretVault } from '@souk/secrets';
import { parseImage } from '@souk/topology';

/** Names of a tenant's logins in its vault; the list of them lies beside. */
const loginName = (registry: string): string => `registry/${registry}`;
const LIST = 'registry-logins';
/** Most logins of one tenant. */
const MOST = 100;

export class TooManyLogins extends DomainError {
  readonly code = 'too-many-registry-logins';
  constructor() {
    super(`an account has logins for at most ${MOST} registries: forget one first`);
  }
}

/** A login as it is shown: its password never is. */
export interface RegistryLogin {
  readonly registry: string;
  readonly username: string;
}

/** How a provider is known to registries of its own. Passwords go in, reach their registry, and never come out by another door. */
@Injectable()
export class RegistryLogins {
  /** Changes of one tenant's list: one after the other. */
  private readonly turns = new Map<string, Promise<void>>();

  constructor(private readonly vault: SecretVault) {}

  /** @throws TooManyLogins */
  async put(tenant: string, registry: string, credentials: RegistryCredentials): Promise<void> {
    await this.inTurn(tenant, async () => {
      const known = await this.read(tenant);
      if (!known.includes(registry) && known.length >= MOST) throw new TooManyLogins();
      // First the name: a crash in between leaves a name without a login, which the list does not show.
      await this.write(tenant, [...known, registry]);
      await this.vault.put(tenant, loginName(registry), JSON.stringify(credentials));
    });
  }

  /** A repeat is no error. */
  async delete(tenant: string, registry: string): Promise<void> {
    await this.inTurn(tenant, async () => {
      await this.vault.delete(tenant, loginName(registry));
      const others = (await this.read(tenant)).filter((known) => known !== registry);
      await this.write(tenant, others);
    });
  }

  async list(tenant: string): Promise<RegistryLogin[]> {
    const registries = await this.read(tenant);
    const logins = await Promise.all(registries.map((registry) => this.to(tenant, registry)));
    return registries.flatMap((registry, i) => (logins[i] ? [{ registry, username: logins[i].username }] : []));
  }

  async to(tenant: string, registry: string): Promise<RegistryCredentials | undefined> {
    const text = await this.vault.get(tenant, loginName(registry));
    return text === undefined ? undefined : (JSON.parse(text) as RegistryCredentials);
  }

  /** For the registry that an image, or a repository, is in. */
  async forImage(tenant: string, image: string): Promise<{ readonly credentials?: RegistryCredentials }> {
    const registry = parseImage(image)?.registry;
    const credentials = registry === undefined ? undefined : await this.to(tenant, registry);
    return credentials ? { credentials } : {};
  }

  private async read(tenant: string): Promise<string[]> {
    return JSON.parse((await this.vault.get(tenant, LIST)) ?? '[]') as string[];
  }

  private async write(tenant: string, registries: readonly string[]): Promise<void> {
    await this.vault.put(tenant, LIST, JSON.stringify([...new Set(registries)].sort()));
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
