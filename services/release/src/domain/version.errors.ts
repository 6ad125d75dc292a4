import { DomainError, type Problem } from '@souk/event-sourcing';
import type { ExistingVersion } from './version';

export class VersionExists extends DomainError {
  readonly code = 'version-exists';
  constructor({ number, versionId }: ExistingVersion) {
    super(`the version "${number}" (${versionId}) exists already`);
  }
}

export class VersionUnknown extends DomainError {
  readonly code = 'version-unknown';
  constructor() {
    super('there is no such version');
  }
}

export class VersionNotDraft extends DomainError {
  readonly code = 'version-not-draft';
  constructor({ number, status }: ExistingVersion) {
    super(`the version "${number}" is ${status}: draft a new version instead of changing it`);
  }
}

export class VersionNotReleased extends DomainError {
  readonly code = 'version-not-released';
  constructor({ number, status }: ExistingVersion) {
    super(`the version "${number}" is ${status === 'draft' ? 'a draft: release it first' : status}`);
  }
}

/** Everything that stands in the way of a release, and of a trial. Pointers start at the version: `/configurations/<name>/…`, `/permissions/…`. */
export class VersionInvalid extends DomainError {
  readonly code = 'version-invalid';
  constructor(
    number: string,
    override readonly problems: readonly Problem[],
  ) {
    const what = problems.length === 1 ? 'a problem' : `${problems.length} problems`;
    super(`the version "${number}" has ${what}: it can be neither released nor tried`);
  }
}

export class DraftChanged extends DomainError {
  readonly code = 'draft-changed';
  constructor(number: string, what: readonly string[]) {
    super(`the draft "${number}" has changed since it was reviewed: ${what.join(', ')}; review it again`);
  }
}

export class AppNotInitialised extends DomainError {
  readonly code = 'app-not-initialised';
  constructor(appId: string) {
    super(`the app "${appId}" is not initialised yet: POST /v1/apps/${appId}/initialise comes first`);
  }
}

export class AppIsInitialised extends DomainError {
  readonly code = 'app-initialised';
  constructor(appId: string, number: string) {
    super(
      `the app "${appId}" was initialised with version "${number}" already: POST /v1/apps/${appId}/versions drafts another one`,
    );
  }
}

export class VersionNumberTaken extends DomainError {
  readonly code = 'version-number-taken';
  constructor(number: string) {
    super(`the app has a version "${number}" already`);
  }
}

export class AppIsArchived extends DomainError {
  readonly code = 'app-archived';
  constructor(name: string) {
    super(`the app "${name}" is archived, for good`);
  }
}

export type VersionErrorCode = (
  | VersionExists
  | VersionUnknown
  | VersionNotDraft
  | VersionNotReleased
  | VersionInvalid
  | DraftChanged
  | AppNotInitialised
  | AppIsInitialised
  | AppIsArchived
  | VersionNumberTaken
)['code'];
