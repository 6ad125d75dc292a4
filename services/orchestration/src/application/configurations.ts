import { Injectable } from '@nestjs/common';
import { type ConfigurationHosting, derivedId, ReleaseQueries, type VersionView } from '@souk/contracts';
import { type CommandContext, CommandHandler, type CommandOutcome, inSlices, type Loaded } from '@souk/event-sourcing';
import { NotFound } from '@souk/platform';
import type { Configuration, ExistingConfiguration } from '../domain/configuration';
import { configurationAggregate, type EditTopology, type ReplaceTopology } from '../domain/configuration.decide';
import { ConfigurationFrozenForGood } from '../domain/configuration.errors';
import type { ConfigurationEvent } from '../domain/configuration.events';
import { topologySteps } from '../domain/drawing';

type Outcome = CommandOutcome<Configuration, ConfigurationEvent>;

/**
 * The id follows from the version and the name, which makes the name unique in its version: a second one of that name is the same stream.
 * Names are compared as those of everything else are, by NFKC and case folding.
 */
export function configurationIdOf(versionId: string, name: string): string {
  return derivedId('configuration', versionId, name.normalize('NFKC').toLowerCase());
}

/** Use cases of providers: drawing the configurations of their drafts. */
@Injectable()
export class Configurations {
  constructor(
    private readonly commands: CommandHandler,
    private readonly releases: ReleaseQueries,
  ) {}

  /** @throws NotFound alike for a missing version and another provider's; ConfigurationFrozenForGood for one that is no draft */
  async create(
    input: { readonly versionId: string; readonly name: string; readonly hosting: ConfigurationHosting },
    providerTenant: string,
    context: CommandContext,
  ): Promise<Outcome & { readonly configurationId: string }> {
    const { versionId, name, hosting } = input;
    const { appId } = await this.ownDraft(versionId, providerTenant);
    const configurationId = configurationIdOf(versionId, name);
    const command = { type: 'create-configuration', configurationId, versionId, appId, providerTenant, name, hosting } as const;
    return { ...(await this.commands.handle(configurationAggregate, configurationId, command, context)), configurationId };
  }

  /** @throws NotFound alike for a missing configuration and another provider's; TopologyInvalid with every problem; NodeUnknown */
  async draw(
    configurationId: string,
    command: ReplaceTopology | EditTopology,
    providerTenant: string,
    context: CommandContext,
  ): Promise<Outcome> {
    const { state } = await this.existing(configurationId, (configuration) => configuration.providerTenant === providerTenant);
    await this.ownDraft(state.versionId, providerTenant);
    const outcome = await this.commands.handle(configurationAggregate, configurationId, command, context);
    await drawn(outcome.state);
    return outcome;
  }

  /** As it stands. @throws NotFound alike for a missing configuration and one that may not be read */
  async existing(
    configurationId: string,
    mayRead: (configuration: ExistingConfiguration) => boolean,
  ): Promise<Loaded<ExistingConfiguration>> {
    const { state, revision } = await this.commands.load(configurationAggregate, configurationId);
    if (state.status === 'none' || !mayRead(state)) throw new NotFound('configuration', configurationId);
    await drawn(state);
    return { state, revision };
  }

  /** A release freezes its configurations a moment later; the version itself says at once that it is no draft any more. */
  private async ownDraft(versionId: string, providerTenant: string): Promise<VersionView> {
    const version = await this.releases.version(versionId);
    if (version?.providerTenant !== providerTenant) throw new NotFound('version', versionId);
    if (version.status !== 'draft') throw new ConfigurationFrozenForGood(version.number);
    return version;
  }
}

/** Whoever asks for its topology from here on has it at once, however large it is. */
async function drawn(configuration: Configuration): Promise<void> {
  if (configuration.status !== 'none') await inSlices(topologySteps(configuration.drawing));
}
