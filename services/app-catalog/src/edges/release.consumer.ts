import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import type { ReleaseEvent } from '@souk/contracts';
import { CommandHandler } from '@souk/event-sourcing';
import { causedBy } from '@souk/messaging';
import { appAggregate } from '../domain/app.decide';

/** What app-catalog learns from release. */
@Controller()
export class ReleaseConsumer {
  constructor(private readonly commands: CommandHandler) {}

  /** The first draft of an app's first version is what initialises the app. */
  @EventPattern('release.version-drafted.v1', { group: 'app-catalog' })
  async versionDrafted(@Payload() event: Extract<ReleaseEvent, { type: 'release.version-drafted.v1' }>): Promise<void> {
    const { first, appId, versionId } = event.data;
    if (first)
      await this.commands.handle(appAggregate, appId, { type: 'initialise-app', versionId }, causedBy(event, 'app-catalog'));
  }
}
