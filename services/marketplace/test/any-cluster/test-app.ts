import type { Topology } from '@souk/topology';
import type { TestUser } from '../../testing/marketplace.harness';
import { ok } from './where';

/** An app of a provider, and its versions. */
export class TestApp {
  private readonly versions = new Map<string, string>();

  constructor(
    private readonly provider: TestUser,
    readonly appId: string,
  ) {}

  version(number: string): string {
    return this.versions.get(number)!;
  }

  /** A released version of one configuration; later ones are made from the one before. */
  async release(number: string, topology: Topology, permissions?: object): Promise<string> {
    const { configurationId, revision, versionId } = await this.draft(number);
    const path = `/v1/configurations/${configurationId}/topology`;
    ok(await this.provider.put(path, topology, { 'if-match': `"${revision}"` }));
    if (permissions) ok(await this.provider.put(`/v1/versions/${versionId}/permissions`, permissions));
    return this.publish(number, versionId);
  }

  /** A version that is not released yet, with its configuration. */
  async draft(number: string): Promise<{ versionId: string; configurationId: string; revision: number }> {
    const cloneFrom = [...this.versions.values()].at(-1);
    const path = `/v1/apps/${this.appId}`;
    const { versionId } = ok(
      cloneFrom === undefined
        ? await this.provider.post(`${path}/initialise`, { versionDescription: number, number })
        : await this.provider.post(`${path}/versions`, { number, description: number, cloneFrom }),
    ) as { versionId: string };
    const configurations = `/v1/versions/${versionId}/configurations`;
    const configuration =
      cloneFrom === undefined
        ? ok(await this.provider.post(configurations, { name: 'standard', hosting: 'edge' }))
        : ok(await this.provider.get(configurations)).items[0];
    return {
      versionId,
      configurationId: configuration.configurationId as string,
      revision: (configuration.revision as number | undefined) ?? 0,
    };
  }

  async publish(number: string, versionId: string): Promise<string> {
    const { revisions } = ok(await this.provider.get(`/v1/versions/${versionId}/review`));
    ok(await this.provider.post(`/v1/versions/${versionId}/release`, { reviewed: revisions }));
    this.versions.set(number, versionId);
    return versionId;
  }
}
