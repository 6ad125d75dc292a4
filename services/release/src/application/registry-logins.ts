import { Injectable } from '@nestjs/common';
import { DomainError } from '@souk/event-sourcing';
import type { RegistryCredentials } from '@souk/registry';
import { NamedSecrets, SecretVault } from '@souk/secrets';
import { parseImage } from '@souk/topology';

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
  private readonly kept: NamedSecrets;

  constructor(vault: SecretVault) {
    this.kept = new NamedSecrets(vault, { prefix: 'registry/', list: 'registry-logins' });
  }

  /** @throws TooManyLogins */
  async put(tenant: string, registry: string, credentials: RegistryCredentials): Promise<void> {
    await this.kept.put(tenant, registry, JSON.stringify(credentials), ({ length }) => {
      if (length >= MOST) throw new TooManyLogins();
    });
  }

  /** A repeat is no error. */
  async delete(tenant: string, registry: string): Promise<void> {
    await this.kept.delete(tenant, registry);
  }

  async list(tenant: string): Promise<RegistryLogin[]> {
    const logins = await this.kept.all(tenant);
    return logins.map(([registry, text]) => ({ registry, username: read(text).username }));
  }

  async to(tenant: string, registry: string): Promise<RegistryCredentials | undefined> {
    const text = await this.kept.get(tenant, registry);
    return text === undefined ? undefined : read(text);
  }

  /** For the registry that an image, or a repository, is in. */
  async forImage(tenant: string, image: string): Promise<{ readonly credentials?: RegistryCredentials }> {
    const registry = parseImage(image)?.registry;
    const credentials = registry === undefined ? undefined : await this.to(tenant, registry);
    return credentials ? { credentials } : {};
  }
}

const read = (text: string): RegistryCredentials => JSON.parse(text) as RegistryCredentials;
