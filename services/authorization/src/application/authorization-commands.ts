import { Injectable } from '@nestjs/common';
import { AuthorizationCommands, type CallContext, type CredentialView, type Grants } from '@souk/contracts';
import { Credentials } from './credentials';
import { PermissionDeclarations } from './permission-declarations';

/** What this service does for the others. */
@Injectable()
export class LocalAuthorizationCommands extends AuthorizationCommands {
  constructor(
    private readonly declarations: PermissionDeclarations,
    private readonly credentials: Credentials,
  ) {
    super();
  }

  override clonePermissions(fromVersionId: string, toVersionId: string, call: CallContext): Promise<void> {
    return this.declarations.clone(fromVersionId, toVersionId, call);
  }

  override createCredential(
    input: Parameters<AuthorizationCommands['createCredential']>[0],
    call: CallContext,
  ): Promise<CredentialView> {
    return this.credentials.create(input, call);
  }

  override alignGrants(instanceId: string, grants: Grants, call: CallContext): Promise<CredentialView> {
    return this.credentials.alignGrants(instanceId, grants, call);
  }

  override revokeCredential(instanceId: string, call: CallContext): Promise<void> {
    return this.credentials.revoke(instanceId, call);
  }

  override appSecret(instanceId: string, secretVersion: number): Promise<string> {
    return this.credentials.appSecret(instanceId, secretVersion);
  }
}
