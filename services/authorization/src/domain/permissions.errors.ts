import { DomainError, type Problem } from '@souk/event-sourcing';

export class PermissionsAreFrozen extends DomainError {
  readonly code = 'permissions-frozen';
  constructor(readonly versionId: string) {
    super(`version "${versionId}" is released, its permissions stay as they are: make a new draft to declare others`);
  }
}

export class PermissionsInvalid extends DomainError {
  readonly code = 'permissions-invalid';
  constructor(override readonly problems: readonly Problem[]) {
    super(`${problems.length} of the declared permissions can not be declared`);
  }
}

export type PermissionsErrorCode = (PermissionsAreFrozen | PermissionsInvalid)['code'];
