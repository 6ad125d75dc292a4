import { Injectable } from '@nestjs/common';
import { CommandHandler, EventStore } from '@souk/event-sourcing';
import { InjectReadModel } from '@souk/platform';
import type { ReadModel } from '@souk/read-store';
import type { ExistingConfiguration } from '../domain/configuration';
import { configurationAggregate } from '../domain/configuration.decide';
import { type ConfigurationDoc, configurationsProjection } from '../projections/configurations.projection';

/** Milliseconds that the list of names may be behind. */
const PATIENCE = 10_000;
const PAGE = 200;

/**
 * All configurations of a version as they truly stand: which ones there are, the read model says once it has seen all that the store
 * held when the question came; what each of them is, its own stream says.
 */
@Injectable()
export class VersionConfigurations {
  constructor(
    private readonly commands: CommandHandler,
    private readonly store: EventStore,
    @InjectReadModel(configurationsProjection) private readonly configurations: ReadModel<ConfigurationDoc>,
  ) {}

  /** By name. */
  async of(versionId: string): Promise<readonly { readonly state: ExistingConfiguration; readonly revision: number }[]> {
    const found: { state: ExistingConfiguration; revision: number }[] = [];
    for (const configurationId of await this.idsOf(versionId)) {
      const { state, revision } = await this.commands.load(configurationAggregate, configurationId);
      if (state.status !== 'none') found.push({ state, revision });
    }
    return found;
  }

  async idsOf(versionId: string): Promise<readonly string[]> {
    await this.configurations.waitFor(await this.store.head(), PATIENCE);
    const ids: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await this.configurations.query({
        index: 'byVersion',
        where: { versionId },
        limit: PAGE,
        audience: 'orchestration',
        ...(cursor !== undefined && { cursor }),
      });
      ids.push(...page.items.map(({ configurationId }) => configurationId));
      cursor = page.next;
    } while (cursor !== undefined);
    return ids;
  }
}
