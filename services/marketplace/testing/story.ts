import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type BillingSystem, billingSystem } from './billing-system';
import type { Answer } from './marketplace.harness';
import { TestUser } from './marketplace.harness';

/** Where the examples lie, each in a folder of its own. Seen from the sources, or from what is built of them. */
export const examplesFolder = ['../../../examples', '../../../../examples']
  .map((path) => join(__dirname, path))
  .find((path) => existsSync(path))!;

/** What the buyer of an instance fills in. */
export interface FilledInOrder {
  readonly parameters?: Readonly<Record<string, string>>;
  /** Declared names of supplied secrets, and the names under which the buyer stored their values. */
  readonly secrets?: Readonly<Record<string, string>>;
}

/** A node of the example's topology, as far as tests change it. */
interface ExampleNode {
  readonly serviceName: string;
  readonly image?: string;
}

/** The story of an example (`tomcat-mysql` unless another one is named), step by step. Answers that are no success are errors. */
export class Story {
  private constructor(
    readonly provider: TestUser,
    readonly buyer: TestUser,
    private readonly billing: BillingSystem,
    private readonly exampleName: string,
  ) {}

  /** Tenants, users, and a billing source. */
  static async begin(operator: TestUser, url: string, exampleName = 'tomcat-mysql'): Promise<Story> {
    const join = async (name: string, role: string): Promise<TestUser> => {
      const { tenantId } = ok(await operator.post('/v1/tenants', { name })).body as { tenantId: string };
      const user = ok(await operator.post(`/v1/tenants/${tenantId}/users`, { displayName: name, role })).body as {
        userId: string;
      };
      const { accessToken } = ok(await operator.post(`/v1/users/${user.userId}/tokens`)).body as { accessToken: string };
      return new TestUser(url, accessToken, tenantId);
    };
    const billing = await billingSystem(operator, url);
    return new Story(await join('Harbour', 'provider'), await join('Dairy', 'buyer'), billing, exampleName);
  }

  /** The app, released as 1.0.0 and listed. */
  async publish(): Promise<{ readonly appId: string; readonly versionId: string }> {
    const { appId } = ok(await this.provider.post('/v1/apps', this.example('app'))).body as { appId: string };
    const initialised = ok(await this.provider.post(`/v1/apps/${appId}/initialise`, { versionDescription: 'First' }));
    const { versionId } = initialised.body as { versionId: string };
    const configuration = ok(
      await this.provider.post(`/v1/versions/${versionId}/configurations`, { name: 'standard', hosting: 'edge' }),
    );
    await this.draw((configuration.body as { configurationId: string }).configurationId, this.example('topology'), '"0"');
    ok(await this.provider.put(`/v1/versions/${versionId}/permissions`, this.example('permissions')));
    await this.release(versionId);
    await this.provider.until(`/v1/apps/${appId}`, ({ status }: { status: string }) => status === 'initialised');
    ok(await this.provider.post(`/v1/apps/${appId}/list`));
    return { appId, versionId };
  }

  /** Another version, cloned, with another image of tomcat: by default, one whose tag is the number. */
  async publishNext(appId: string, cloneFrom: string, number: string, tag = number): Promise<string> {
    const draft = ok(await this.provider.post(`/v1/apps/${appId}/versions`, { number, description: number, cloneFrom }));
    const { versionId } = draft.body as { versionId: string };
    const { items } = ok(await this.provider.get(`/v1/versions/${versionId}/configurations`)).body as {
      items: { configurationId: string; revision: number }[];
    };
    const topology = this.example('topology') as { nodes: ExampleNode[] };
    const nodes = topology.nodes.map((node) =>
      node.serviceName === 'tomcat' ? { ...node, image: node.image!.replace(/:[^:]+$/, `:${tag}`) } : node,
    );
    await this.draw(items[0]!.configurationId, { ...topology, nodes }, `"${items[0]!.revision}"`);
    await this.release(versionId);
    return versionId;
  }

  /** Posts a billing event, signed. */
  bill(type: 'paid' | 'refunded', orderId: string, sequence: number, data: object): Promise<Answer> {
    return this.billing.send(type, orderId, sequence, data);
  }

  /** Data of a paid order for that version, on the shared simulated cluster. */
  async order(appId: string, versionId: string, instanceName: string, filledIn?: FilledInOrder): Promise<object> {
    const { items } = ok(await this.buyer.get('/v1/clusters')).body as { items: { clusterId: string }[] };
    return {
      buyerTenant: this.buyer.tenant,
      appId,
      versionId,
      plan: 'yearly',
      configuration: 'standard',
      clusterId: items[0]!.clusterId,
      instanceName,
      ...(filledIn ?? { parameters: { title: instanceName } }),
    };
  }

  private example(file: string): Record<string, unknown> {
    const path = join(examplesFolder, this.exampleName, `${file}.json`);
    return JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
  }

  private async draw(configurationId: string, topology: object, etag: string): Promise<void> {
    ok(await this.provider.put(`/v1/configurations/${configurationId}/topology`, topology, { 'if-match': etag }));
  }

  private async release(versionId: string): Promise<void> {
    const { revisions } = ok(await this.provider.get(`/v1/versions/${versionId}/review`)).body as { revisions: object };
    ok(await this.provider.post(`/v1/versions/${versionId}/release`, { reviewed: revisions }));
  }
}

function ok(answer: Answer): Answer {
  if (answer.status >= 400) throw new Error(`${answer.status} ${JSON.stringify(answer.body)}`);
  return answer;
}
