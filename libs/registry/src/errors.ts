import { DomainError } from '@souk/event-sourcing';

/** Something that a registry, or the way there, answered. Messages name hosts and images, never credentials. */
export abstract class RegistryError extends DomainError {}

export class ImageInvalid extends RegistryError {
  readonly code = 'image-invalid';
  constructor(image: string) {
    super(`${JSON.stringify(image)} is no image reference: write it like "registry.example.com/team/web:1.0.0"`);
  }
}

/** The registry was asked, and there is none. */
export class ImageNotFound extends RegistryError {
  readonly code = 'image-not-found';
  constructor(what: string, registry: string) {
    super(`"${registry}" has no "${what}"`);
  }
}

/** Some registries say so of what does not exist as well. */
export class RegistryAccessDenied extends RegistryError {
  readonly code = 'registry-access-denied';
  constructor(what: string, registry: string, withCredentials: boolean) {
    const who = withCredentials ? 'with the credentials that are stored for it' : 'without credentials';
    super(`"${registry}" does not show "${what}" ${who}: it is private, or does not exist`);
  }
}

export class RegistryThrottled extends RegistryError {
  readonly code = 'registry-throttled';
  constructor(registry: string) {
    super(`"${registry}" asks to come back later: too many requests`);
  }
}

/** No (complete) answer, or an error of the registry itself. */
export class RegistryUnreachable extends RegistryError {
  readonly code = 'registry-unreachable';
  constructor(registry: string, why: string) {
    super(`"${registry}" can't be asked: ${why}`);
  }
}

/** The answer is not what the specification says, or not what its digest says. */
export class RegistryAnswerInvalid extends RegistryError {
  readonly code = 'registry-answer-invalid';
  constructor(registry: string, why: string) {
    super(`"${registry}" answers what can't be: ${why}`);
  }
}

/** The host is at an address, or wants to be asked in a way, that is not for registries. */
export class RegistryRefused extends RegistryError {
  readonly code = 'registry-refused';
  constructor(registry: string, why: string) {
    super(`"${registry}" is not asked: ${why}`);
  }
}

export class ListingUnsupported extends RegistryError {
  readonly code = 'listing-unsupported';
  constructor(registry: string) {
    super(`"${registry}" does not tell which repositories it has`);
  }
}

export type RegistryErrorCode = (
  | ImageInvalid
  | ImageNotFound
  | RegistryAccessDenied
  | RegistryThrottled
  | RegistryUnreachable
  | RegistryAnswerInvalid
  | RegistryRefused
  | ListingUnsupported
)['code'];
