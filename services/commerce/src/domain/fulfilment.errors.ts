import { DomainError } from '@souk/event-sourcing';

/** Why an order cannot become an instance. Never an answer over HTTP: recorded with the order, for buyer and billing to see. */
export class AppNotFound extends DomainError {
  readonly code = 'app-not-found';
  constructor(appId: string) {
    super(`there is no app "${appId}"`);
  }
}

export class BuyerNotFound extends DomainError {
  readonly code = 'buyer-not-found';
  constructor(buyerTenant: string) {
    super(`there is no tenant "${buyerTenant}" to own an instance`);
  }
}

export class AppArchived extends DomainError {
  readonly code = 'app-archived';
  constructor(appId: string) {
    super(`app "${appId}" is archived: it is not sold any more`);
  }
}

export class AppNotDeliveredAsInstance extends DomainError {
  readonly code = 'app-not-instance';
  constructor(appId: string, distributionType: string) {
    super(
      `app "${appId}" is distributed as "${distributionType}", only apps distributed as "instance" are deployed for an order`,
    );
  }
}

export class NoReleasedVersion extends DomainError {
  readonly code = 'no-released-version';
  constructor(appId: string) {
    super(`app "${appId}" has no released version`);
  }
}

export class VersionNotFound extends DomainError {
  readonly code = 'version-not-found';
  constructor(versionId: string) {
    super(`the app of this order has no version "${versionId}"`);
  }
}

export class VersionNotReleased extends DomainError {
  readonly code = 'version-not-released';
  constructor(number: string, status: string) {
    super(`version ${number} is ${status}, only a released version is sold`);
  }
}
