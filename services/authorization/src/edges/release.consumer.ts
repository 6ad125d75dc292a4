import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import type { ReleaseEvent } from '@souk/contracts';
import { causedBy } from '@souk/messaging';
import { PermissionDeclarations } from '../application/permission-declarations';

/** What authorization learns from release. */
@Controller()
export class ReleaseConsumer {
  constructor(private readonly declarations: PermissionDeclarations) {}

  /** What a released version declares stays as it is. */
  @EventPattern('release.version-released.v1', { group: 'authorization' })
  async versionReleased(@Payload() event: Extract<ReleaseEvent, { type: 'release.version-released.v1' }>): Promise<void> {
    const { versionId, providerTenant } = event.data;
    await this.declarations.freeze(versionId, providerTenant, causedBy(event, 'authorization'));
  }
}
