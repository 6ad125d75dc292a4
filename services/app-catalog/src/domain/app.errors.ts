import { DomainError, type Problem } from '@souk/event-sourcing';
import type { ExistingApp } from './app';

export class AppExists extends DomainError {
  readonly code = 'app-exists';
  constructor({ appId }: ExistingApp) {
    super(`the app "${appId}" was created by another request with the same Idempotency-Key`);
  }
}

export class AppUnknown extends DomainError {
  readonly code = 'app-unknown';
  constructor() {
    super('there is no such app');
  }
}

export class AppNotInitialised extends DomainError {
  readonly code = 'app-not-initialised';
  constructor({ appId, name }: ExistingApp) {
    super(`the app "${name}" is not initialised yet: POST /v1/apps/${appId}/initialise comes first`);
  }
}

export class NoReleasedVersion extends DomainError {
  readonly code = 'no-released-version';
  constructor({ name }: ExistingApp) {
    super(`the app "${name}" has no released version: release one before listing it`);
  }
}

export class AppNotListed extends DomainError {
  readonly code = 'app-not-listed';
  constructor({ name, status }: ExistingApp) {
    super(`the app "${name}" is ${status}, not listed`);
  }
}

export class AppIsArchived extends DomainError {
  readonly code = 'app-archived';
  constructor({ name }: ExistingApp) {
    super(`the app "${name}" is archived, for good`);
  }
}

export class HostingNotPossible extends DomainError {
  readonly code = 'hosting-not-possible';
  override readonly problems: readonly Problem[];
  constructor(distributionType: string, hostingMode: string) {
    const message = `hosting "${hostingMode}" is for apps of type "account", this one is of type "${distributionType}"`;
    super(message);
    this.problems = [{ code: 'hosting-not-possible', pointer: '/hostingMode', message }];
  }
}

export type AppErrorCode = (
  AppExists | AppUnknown | AppNotInitialised | NoReleasedVersion | AppNotListed | AppIsArchived | HostingNotPossible
)['code'];
