import { Injectable } from '@nestjs/common';
import {
  AuthorizationQueries,
  type CredentialView,
  type Decision,
  type PermissionsAtRevision,
  type SignedRequest,
} from '@souk/contracts';
import { Credentials } from './credentials';
import { PermissionDeclarations } from './permission-declarations';
import { RequestVerifier } from './request-verifier';

/** What this service answers to the others. */
@Injectable()
export class LocalAuthorizationQueries extends AuthorizationQueries {
  constructor(
    private readonly declarations: PermissionDeclarations,
    private readonly credentials: Credentials,
    private readonly verifier: RequestVerifier,
  ) {
    super();
  }

  override permissionsOf(versionId: string): Promise<PermissionsAtRevision> {
    return this.declarations.at(versionId);
  }

  override credentialOf(instanceId: string): Promise<CredentialView | undefined> {
    return this.credentials.credentialOf(instanceId);
  }

  override decide(request: SignedRequest): Promise<Decision> {
    return this.verifier.decide(request);
  }
}
