import { Injectable } from '@nestjs/common';
import { ReleaseQueries } from '@souk/contracts';
import { type CommandContext, CommandHandler, type CommandOutcome } from '@souk/event-sourcing';
import { Clock, NameRegistry, NotFound } from '@souk/platform';
import type { App, ExistingApp } from '../domain/app';
import { type AppCommand, appAggregate, type CreateApp } from '../domain/app.decide';
import type { AppEvent } from '../domain/app.events';

/** Use cases of providers. */
@Injectable()
export class AppCatalog {
  constructor(
    private readonly commands: CommandHandler,
    private readonly names: NameRegistry,
    private readonly releases: ReleaseQueries,
    private readonly clock: Clock,
  ) {}

  async create(input: Omit<CreateApp, 'type'>, context: CommandContext): Promise<CommandOutcome<App, AppEvent>> {
    const { appId, providerTenant, name } = input;
    await this.names.reserve({ kind: 'app', tenant: providerTenant, name }, appId, `app-${appId}`, context, this.clock.now());
    return this.commands.handle(appAggregate, appId, { type: 'create-app', ...input }, context);
  }

  /** @throws NotFound alike for a missing app and another provider's */
  async command(
    appId: string,
    providerTenant: string,
    command: Exclude<AppCommand, CreateApp | { type: 'list-app' }>,
    context: CommandContext,
  ): Promise<CommandOutcome<App, AppEvent>> {
    await this.own(appId, providerTenant);
    return this.commands.handle(appAggregate, appId, command, context);
  }

  async list(appId: string, providerTenant: string, context: CommandContext): Promise<CommandOutcome<App, AppEvent>> {
    await this.own(appId, providerTenant);
    const releasedVersions = (await this.releases.newestReleased(appId)) ? 1 : 0;
    return this.commands.handle(appAggregate, appId, { type: 'list-app', releasedVersions }, context);
  }

  private async own(appId: string, providerTenant: string): Promise<ExistingApp> {
    const { state } = await this.commands.load(appAggregate, appId);
    if (state.status === 'none' || state.providerTenant !== providerTenant) throw new NotFound('app', appId);
    return state;
  }
}
