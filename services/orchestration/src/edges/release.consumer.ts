import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import type { ReleaseEvent } from '@souk/contracts';
import { causedBy } from '@souk/messaging';
import { ConfigurationCommands } from '../application/configuration-commands';

/** What orchestration learns from release. */
@Controller()
export class ReleaseConsumer {
  constructor(private readonly commands: ConfigurationCommands) {}

  @EventPattern('release.version-released.v1', { group: 'orchestration' })
  async versionReleased(@Payload() event: Extract<ReleaseEvent, { type: 'release.version-released.v1' }>): Promise<void> {
    const { versionId, number } = event.data;
    await this.commands.freezeConfigurations(versionId, number, causedBy(event, 'orchestration'));
  }
}
