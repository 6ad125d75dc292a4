import { readFileSync } from 'node:fs';
import { all } from './customer.mjs';

const example = (name) => JSON.parse(readFileSync(new URL(`../../examples/tomcat-mysql/${name}.json`, import.meta.url), 'utf8'));

/** A provider at work: makes apps, and draws the topology of each again and again. Knows what was acknowledged. */
export class Workshop {
  apps = [];
  /** What was acknowledged of each configuration: its revision, and the image of tomcat. */
  drawings = [];

  constructor(provider) {
    this.provider = provider;
  }

  /** One more app, with a topology that is drawn twice. */
  async work() {
    const { provider } = this;
    const number = this.apps.length;
    const details = { ...example('app'), name: `App ${number}` };
    const { appId } = await provider.post('/v1/apps', details);
    this.apps.push(appId);
    const { versionId } = await provider.post(`/v1/apps/${appId}/initialise`, { versionDescription: 'First', number: '1.0.0' });
    const standard = { name: 'standard', hosting: 'edge' };
    const { configurationId } = await provider.post(`/v1/versions/${versionId}/configurations`, standard);
    const drawing = { configurationId, revision: 0 };
    this.drawings.push(drawing);
    for (const tag of ['1.0.0', `1.0.${number + 1}`]) {
      const topology = example('topology');
      const nodes = topology.nodes.map((node) =>
        node.serviceName === 'tomcat' ? { ...node, image: node.image.replace('1.0.0', tag) } : node,
      );
      const ifMatch = { 'if-match': `"${drawing.revision}"` };
      const drawn = await provider.put(`/v1/configurations/${configurationId}/topology`, { ...topology, nodes }, ifMatch);
      drawing.revision = drawn.revision;
      drawing.tag = tag;
    }
  }

  /** Apps and drawings that are not as they were acknowledged, in words. */
  async missing() {
    const { provider } = this;
    const listed = new Set((await all(provider, '/v1/apps')).map(({ appId }) => appId));
    const problems = this.apps.filter((appId) => !listed.has(appId)).map((appId) => `app ${appId} is not listed`);
    for (const { configurationId, revision, tag } of this.drawings) {
      if (tag === undefined) continue;
      const configuration = await provider.get(`/v1/configurations/${configurationId}`);
      if (configuration.revision !== revision || !JSON.stringify(configuration).includes(`:${tag}"`))
        problems.push(`configuration ${configurationId} is not as it was drawn last`);
    }
    return problems;
  }
}
