import { Injectable } from '@nestjs/common';
import { type ConfigurationAtRevision, OrchestrationQueries } from '@souk/contracts';
import { inSlices } from '@souk/event-sourcing';
import { topologySteps } from '../domain/drawing';
import { validated } from './validated';
import { VersionConfigurations } from './version-configurations';

/** What release asks. */
@Injectable()
export class ConfigurationQueries extends OrchestrationQueries {
  constructor(private readonly versions: VersionConfigurations) {
    super();
  }

  override async configurationsOf(versionId: string): Promise<readonly ConfigurationAtRevision[]> {
    const answers: ConfigurationAtRevision[] = [];
    for (const { state, revision } of await this.versions.of(versionId)) {
      const { configurationId, providerTenant, name, hosting } = state;
      const topology = await inSlices(topologySteps(state.drawing));
      const found = await validated(topology);
      answers.push({ configurationId, versionId, providerTenant, name, hosting, revision, topology, ...found });
    }
    return answers;
  }
}
