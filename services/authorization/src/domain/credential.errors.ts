import { DomainError } from '@souk/event-sourcing';

export class CredentialIsRevoked extends DomainError {
  readonly code = 'credential-revoked';
  constructor(readonly instanceId: string) {
    super(`the credential of instance "${instanceId}" was revoked, for good`);
  }
}

export class NoCredentialYet extends DomainError {
  readonly code = 'credential-not-created';
  constructor(readonly instanceId: string) {
    super(`instance "${instanceId}" has no credential yet: it comes into being when the instance is deployed`);
  }
}

export type CredentialErrorCode = (CredentialIsRevoked | NoCredentialYet)['code'];
