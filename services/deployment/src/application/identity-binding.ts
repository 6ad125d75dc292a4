import { Injectable } from '@nestjs/common';
import { AuthorizationCommands, type CredentialView, ReleaseQueries, type Snapshot } from '@souk/contracts';
import type { KnownInstance } from '../domain/instance';
import type { StartedOperation } from '../domain/operation';
import { union } from '../domain/permissions';
import { OperationCauses } from './operation-causes';

/** The instance's identity, with exactly what its version declares: never less while something needs it, never more in the end. */
@Injectable()
export class IdentityBinding {
  constructor(
    private readonly authorization: AuthorizationCommands,
    private readonly releases: ReleaseQueries,
    private readonly causes: OperationCauses,
  ) {}

  /** Before anything runs. While an upgrade is under way, processes of both versions run: they get what both declare. */
  async bind(instance: KnownInstance, { started }: StartedOperation, snapshot: Snapshot): Promise<CredentialView> {
    const { instanceId, appId, ownerTenant, providerTenant } = instance;
    const grants = snapshot.permissions;
    const create = await this.causes.context(instanceId, started.operationId, 'create-credential');
    const credential = await this.authorization.createCredential(
      { instanceId, appId, ownerTenant, providerTenant, grants },
      create,
    );
    if (started.kind !== 'upgrade') return credential;
    // After a first deploy that failed there is no version before.
    const before = started.fromSnapshot === undefined ? undefined : await this.releases.snapshot(started.fromSnapshot);
    const both = before ? union(before.permissions, grants) : grants;
    return this.authorization.alignGrants(
      instanceId,
      both,
      await this.causes.context(instanceId, started.operationId, 'widen-grants'),
    );
  }

  /** When nothing of the version before runs any more. */
  async settle({ instanceId }: KnownInstance, { started }: StartedOperation, snapshot: Snapshot): Promise<void> {
    if (started.kind !== 'upgrade') return;
    const call = await this.causes.context(instanceId, started.operationId, 'settle-grants');
    await this.authorization.alignGrants(instanceId, snapshot.permissions, call);
  }

  /** Before anything is torn down. */
  async revoke({ instanceId }: KnownInstance, { started }: StartedOperation): Promise<void> {
    const call = await this.causes.context(instanceId, started.operationId, 'revoke-credential');
    await this.authorization.revokeCredential(instanceId, call);
  }
}
