import { Injectable } from '@nestjs/common';
import { type CallContext, OrchestrationCommands } from '@souk/contracts';
import { type CommandContext, CommandHandler, derivedUuid, inSlices } from '@souk/event-sourcing';
import { configurationAggregate } from '../domain/configuration.decide';
import { topologySteps } from '../domain/drawing';
import { configurationIdOf } from './configurations';
import { VersionConfigurations } from './version-configurations';

/** What release asks for, and what follows from a release. */
@Injectable()
export class ConfigurationCommands extends OrchestrationCommands {
  constructor(
    private readonly commands: CommandHandler,
    private readonly versions: VersionConfigurations,
  ) {
    super();
  }

  override async cloneConfigurations(fromVersionId: string, toVersionId: string, call: CallContext): Promise<void> {
    for (const { state } of await this.versions.of(fromVersionId)) {
      const { appId, providerTenant, name, hosting, drawing } = state;
      const configurationId = configurationIdOf(toVersionId, name);
      const created = { configurationId, versionId: toVersionId, appId, providerTenant, name, hosting };
      const context = { ...call, commandId: derivedUuid(call.commandId, configurationId) };
      await this.commands.handle(
        configurationAggregate,
        configurationId,
        { type: 'clone-configuration', created, topology: await inSlices(topologySteps(drawing)) },
        context,
      );
    }
  }

  /** Closes the configurations of a version that was released. A repeat has no effect. */
  async freezeConfigurations(versionId: string, versionNumber: string, call: CommandContext): Promise<void> {
    for (const configurationId of await this.versions.idsOf(versionId)) {
      const context = { ...call, commandId: derivedUuid(call.commandId, configurationId) };
      await this.commands.handle(
        configurationAggregate,
        configurationId,
        { type: 'freeze-configuration', versionNumber },
        context,
      );
    }
  }
}
