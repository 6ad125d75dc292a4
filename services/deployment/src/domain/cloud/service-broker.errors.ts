import { DomainError } from '@souk/event-sourcing';

export class BrokerNotFound extends DomainError {
  readonly code = 'service-broker-not-found';
  constructor(readonly brokerId: string) {
    super(`there is no service broker "${brokerId}"`);
  }
}

export class BrokerInUse extends DomainError {
  readonly code = 'service-broker-in-use';
  constructor(
    readonly brokerId: string,
    readonly instanceId: string,
  ) {
    super(`instance "${instanceId}" has a resource of service broker "${brokerId}": delete it first`);
  }
}

/** It is not where a broker may be, or does not answer as one. */
export class BrokerRefused extends DomainError {
  readonly code = 'service-broker-refused';
  constructor(readonly detail: string) {
    super(`the service broker can't be taken: ${detail}`);
  }
}

/** Offerings are found by their names alone. */
export class OfferingTaken extends DomainError {
  readonly code = 'cloud-service-taken';
  constructor(readonly names: readonly string[]) {
    super(`other providers offer services of these names already: ${names.map((name) => `"${name}"`).join(', ')}`);
  }
}
