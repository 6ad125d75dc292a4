import { Injectable } from '@nestjs/common';
import {
  type CallContext,
  type DeclaredPermissions,
  type PermissionsAtRevision,
  ReleaseQueries,
  type VersionView,
} from '@souk/contracts';
import { type CommandContext, CommandHandler, type CommandOutcome } from '@souk/event-sourcing';
import { NotFound, type Principal } from '@souk/platform';
import { declared, missingPermissions } from '../domain/declaration';
import type { Permissions } from '../domain/permissions';
import { permissionsAggregate } from '../domain/permissions.decide';
import { PermissionsAreFrozen } from '../domain/permissions.errors';
import type { PermissionsEvent } from '../domain/permissions.events';

/** What versions declare (F32, F35, F36). */
@Injectable()
export class PermissionDeclarations {
  constructor(
    private readonly commands: CommandHandler,
    private readonly releases: ReleaseQueries,
  ) {}

  /** @throws NotFound alike for a missing version and another provider's; PermissionsAreFrozen, PermissionsInvalid */
  async declare(
    versionId: string,
    providerTenant: string,
    permissions: DeclaredPermissions,
    context: CommandContext,
  ): Promise<CommandOutcome<Permissions, PermissionsEvent>> {
    const version = await this.releases.version(versionId);
    if (version?.providerTenant !== providerTenant) throw new NotFound('version', versionId);
    // The release is the truth; the fact that freezes this stream comes a moment later.
    if (version.status !== 'draft') throw new PermissionsAreFrozen(versionId);
    return this.commands.handle(
      permissionsAggregate,
      versionId,
      { type: 'replace-permissions', versionId, providerTenant, permissions },
      context,
    );
  }

  /** A draft is for its provider and for operators; what was released is for everybody who is signed in. @throws NotFound */
  async viewFor(versionId: string, { tenant, role }: Principal): Promise<PermissionsAtRevision> {
    const version = await this.releases.version(versionId);
    const isVisible = version && (version.status !== 'draft' || version.providerTenant === tenant || role === 'operator');
    if (!isVisible) throw new NotFound('version', versionId);
    const current = await this.at(versionId);
    const released = await this.released(version);
    return released ? { ...current, permissions: released, problems: missingPermissions(released) } : current;
  }

  async at(versionId: string): Promise<PermissionsAtRevision> {
    const { state, revision } = await this.commands.load(permissionsAggregate, versionId);
    const permissions = declared(state);
    return { versionId, revision, permissions, problems: missingPermissions(permissions) };
  }

  /** Nothing where the one declares nothing. */
  async clone(fromVersionId: string, toVersionId: string, call: CallContext): Promise<void> {
    const from = await this.commands.load(permissionsAggregate, fromVersionId);
    if (from.state.status === 'none') return;
    const { providerTenant } = from.state;
    const command = {
      type: 'replace-permissions',
      versionId: toVersionId,
      providerTenant,
      permissions: declared(from.state),
    } as const;
    await this.commands.handle(permissionsAggregate, toVersionId, command, call);
  }

  async freeze(versionId: string, providerTenant: string, context: CommandContext): Promise<void> {
    await this.commands.handle(
      permissionsAggregate,
      versionId,
      { type: 'freeze-permissions', versionId, providerTenant },
      context,
    );
  }

  /** What the release holds, whatever the stream of the declaration says. */
  private async released({ snapshot }: VersionView): Promise<DeclaredPermissions | undefined> {
    return snapshot === undefined ? undefined : (await this.releases.snapshot(snapshot))?.permissions;
  }
}
