import { DomainError } from '@souk/event-sourcing';

export class UserIsDisabled extends DomainError {
  readonly code = 'user-disabled';
  constructor(readonly userId: string) {
    super(`user "${userId}" is disabled and gets no access tokens`);
  }
}

export class UserNotFound extends DomainError {
  readonly code = 'user-not-found';
  constructor(readonly userId: string) {
    super(`there is no user "${userId}"`);
  }
}

export class TokenNotFound extends DomainError {
  readonly code = 'token-not-found';
  constructor(
    readonly userId: string,
    readonly tokenId: string,
  ) {
    super(`user "${userId}" has no access token "${tokenId}"`);
  }
}

export type UserErrorCode = (UserIsDisabled | UserNotFound | TokenNotFound)['code'];
