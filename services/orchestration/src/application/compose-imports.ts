import { Injectable } from '@nestjs/common';
import type { ComposeImport } from '@souk/compose';
import type { CommandContext, CommandOutcome } from '@souk/event-sourcing';
import type { Configuration } from '../domain/configuration';
import { ComposeInvalid } from '../domain/configuration.errors';
import type { ConfigurationEvent } from '../domain/configuration.events';
import { ComposeImporter } from './compose-importer.port';
import { Configurations } from './configurations';

export interface ComposeDocument {
  readonly compose: string;
  readonly environment?: Readonly<Record<string, string>>;
}

/** Use cases of providers who have described their app for Compose already. */
@Injectable()
export class ComposeImports {
  constructor(
    private readonly configurations: Configurations,
    private readonly importer: ComposeImporter,
  ) {}

  /** What an import would come to. Nothing is stored. @throws NotFound alike for a missing configuration and another provider's */
  async preview(configurationId: string, document: ComposeDocument, providerTenant: string): Promise<ComposeImport> {
    await this.configurations.existing(configurationId, (configuration) => configuration.providerTenant === providerTenant);
    return this.read(document, providerTenant);
  }

  /**
   * Replaces the topology by what the document describes; only what differs becomes history.
   * @throws ComposeInvalid with every problem; NotFound and TopologyInvalid as `draw`
   */
  async apply(
    configurationId: string,
    document: ComposeDocument,
    providerTenant: string,
    context: CommandContext,
  ): Promise<{ readonly outcome: CommandOutcome<Configuration, ConfigurationEvent>; readonly report: ComposeImport['report'] }> {
    const { topology, report } = await this.preview(configurationId, document, providerTenant);
    if (!topology) throw new ComposeInvalid(report.filter(({ outcome }) => outcome === 'problem'));
    const command = { type: 'replace-topology', topology } as const;
    const outcome = await this.configurations.draw(configurationId, command, providerTenant, context);
    return { outcome, report };
  }

  private read({ compose, environment }: ComposeDocument, tenant: string): Promise<ComposeImport> {
    return this.importer.importCompose(compose, { ...(environment && { environment }) }, tenant);
  }
}
