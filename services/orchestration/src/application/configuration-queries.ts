import { Injectable } from '@nestjs/common';
import { type ConfigurationAtRevision, OrchestrationQueries } from '@souk/contracts';
import { validateTopology, warningsOf } from '@souk/topology';
import { topologyOf } from '../domain/drawing';
import { VersionConfigurations } from './version-configurations';

/** What release asks. */
@Injectable()
export class ConfigurationQueries extends OrchestrationQueries {
  constructor(private readonly versions: VersionConfigurations) {
    super();
  }

  override async configurationsOf(versionId: string): Promise<readonly ConfigurationAtRevision[]> {
    return (await this.versions.of(versionId)).map(({ state, revision }) => {
      const { configurationId, providerTenant, name, hosting } = state;
      const topology = topologyOf(state.drawing);
      return {
        configurationId,
        versionId,
        providerTenant,
        name,
        hosting,
        revision,
        topology,
        problems: validateTopology(topology),
        warnings: warningsOf(topology),
      };
    });
  }
}
