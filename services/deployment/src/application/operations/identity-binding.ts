import { Injectable } from '@nestjs/common';
import {
  AuthorizationCommands,
  AuthorizationQueries,
  type CredentialView,
  type Grants,
  ReleaseQueries,
  type Snapshot,
} from '@souk/contracts';
import type { KnownInstance } from '../../domain/instances/instance';
import { changesVersion, type StartedOperation } from '../../domain/operations/operation';
import { beyond, union } from '../../domain/instances/permissions';
import { OperationCauses } from '../operation-causes';

/** The instance's identity, with exactly what its version declares: never less while something needs it, never more in the end. */
@Injectable()
export class IdentityBinding {
  constructor(
    private readonly authorization: AuthorizationCommands,
    private readonly credentials: AuthorizationQueries,
    private readonly releases: ReleaseQueries,
    private readonly causes: OperationCauses,
  ) {}

  /** Before anything runs. While an instance changes from one version to another, processes of both versions run: they get what both declare. */
  async bind(instance: KnownInstance, { started }: StartedOperation, snapshot: Snapshot): Promise<CredentialView> {
    const { instanceId, appId, ownerTenant, providerTenant } = instance;
    const grants = snapshot.permissions;
    const create = await this.causes.context(instanceId, started.operationId, 'create-credential');
    const credential = await this.authorization.createCredential(
      { instanceId, appId, ownerTenant, providerTenant, grants },
      create,
    );
    if (!changesVersion(started)) return credential;
    // After a first deploy that failed there is no version before.
    const before = started.fallback?.grants ?? (await this.declaredBy(started.fromSnapshot));
    const both = before ? union(before, grants) : grants;
    return this.authorization.alignGrants(
      instanceId,
      both,
      await this.causes.context(instanceId, started.operationId, 'widen-grants'),
    );
  }

  /** When nothing of another version runs any more; an operation that failed before this one may have left what more than one declares. */
  async settle({ instanceId }: KnownInstance, { started }: StartedOperation, snapshot: Snapshot): Promise<void> {
    const granted = (await this.credentials.credentialOf(instanceId))?.grants;
    if (!changesVersion(started) && granted && beyond(snapshot.permissions, granted).length === 0) return;
    const call = await this.causes.context(instanceId, started.operationId, 'settle-grants');
    await this.authorization.alignGrants(instanceId, snapshot.permissions, call);
  }

  /** When nothing of what was wanted runs any more: exactly what was granted before. */
  async restore({ instanceId }: KnownInstance, { started }: StartedOperation): Promise<void> {
    if (!started.fallback) return;
    const call = await this.causes.context(instanceId, started.operationId, 'restore-grants');
    await this.authorization.alignGrants(instanceId, started.fallback.grants, call);
  }

  /** Before anything is torn down. */
  async revoke({ instanceId }: KnownInstance, { started }: StartedOperation): Promise<void> {
    const call = await this.causes.context(instanceId, started.operationId, 'revoke-credential');
    await this.authorization.revokeCredential(instanceId, call);
  }

  private async declaredBy(digest: string | undefined): Promise<Grants | undefined> {
    return digest === undefined ? undefined : (await this.releases.snapshot(digest))?.permissions;
  }
}
