import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { examplesFolder, type FilledInOrder, Story, TestMarketplace } from '../testing';

/** What a buyer of each example fills in. */
const filledIn: Record<string, FilledInOrder> = {
  'tomcat-mysql': { parameters: { title: 'Northwind Dairy' } },
  'wordpress-mysql': {},
  'gitea-postgres': { parameters: { title: 'Dairy Git' } },
  'prometheus-grafana': { parameters: { targets: 'plc-1:9100,plc-2:9100' }, secrets: { adminPassword: 'grafana-admin' } },
};

const examples = readdirSync(examplesFolder).filter((name) => existsSync(join(examplesFolder, name, 'topology.json')));

interface Container {
  readonly env?: readonly {
    readonly name: string;
    readonly value?: string;
    readonly valueFrom?: { readonly secretKeyRef: { readonly name: string; readonly key: string } };
  }[];
}

describe.each(examples)('The example %s', (name) => {
  let marketplace: TestMarketplace;
  let story: Story;
  let instance: { readonly instanceId: string; readonly operationId: string; readonly nodes: { readonly status: string }[] };

  beforeAll(async () => {
    marketplace = await TestMarketplace.start();
    story = await Story.begin(marketplace.operator, marketplace.url, name);
    await story.buyer.put('/v1/secrets/grafana-admin', { value: 'a password of the buyer' });
    const { appId, versionId } = await story.publish();
    const { purchaseId } = (await story.bill('paid', 'order-1', 1, await story.order(appId, versionId, name, filledIn[name])))
      .body as { purchaseId: string };
    const { instanceId } = await story.buyer.until(`/v1/purchases/${purchaseId}`, ({ instanceId }) => instanceId !== undefined);
    await story.buyer.until('/v1/instances', ({ items }) => items.length === 1);
    const operations = await story.buyer.until(`/v1/instances/${instanceId}/operations`, ({ items }) => items.length > 0);
    const { operationId } = operations.items[0];
    instance = await story.buyer.until(`/v1/instances/${instanceId}`, ({ status }) => status !== 'deploying');
    instance = { ...instance, operationId };
  });
  afterAll(() => marketplace.stop());

  it('runs, every node of it, in deploy order', async () => {
    expect(instance).toMatchObject({ status: 'running' });
    const { waves } = (await story.buyer.get(`/v1/operations/${instance.operationId}`)).body as { waves: string[][] };
    const history = (await story.buyer.get(`/v1/history?about=${instance.operationId}&limit=200`)).body as {
      items: { type: string; data: { node?: string } }[];
    };
    const place = (type: string, node: string) =>
      history.items.findIndex((entry) => entry.type === type && entry.data.node === node);
    const done = (node: string) => Math.max(place('NodeBecameReady', node), place('InitNodeCompleted', node));
    for (const [n, wave] of waves.slice(1).entries())
      for (const node of wave)
        for (const earlier of waves[n]!) {
          expect(done(earlier)).toBeGreaterThanOrEqual(0);
          expect(place('NodeApplied', node)).toBeGreaterThan(done(earlier));
        }
  });

  it('has every variable filled in, and its secrets in Secrets alone', async () => {
    const { containers, secretValues } = await onCluster(marketplace.dataDir, instance.instanceId);
    const variables = containers.flatMap(({ env }) => env ?? []);
    for (const { value = '' } of variables) expect(value).not.toContain('${');
    const written = JSON.stringify(containers);
    for (const value of secretValues) expect(written).not.toContain(value);
    expect(secretValues.length).toBeGreaterThan(0);
  });

  it('leaves nothing behind when its order is refunded', async () => {
    await story.bill('refunded', 'order-1', 2, { reason: 'tried enough' });
    await story.buyer.until(`/v1/instances/${instance.instanceId}`, ({ status }) => status === 'deleted');
    expect((await onCluster(marketplace.dataDir, instance.instanceId)).containers).toEqual([]);
  });
});

/** Containers of the instance's workloads, and the secret values of its own. */
async function onCluster(dataDir: string, instanceId: string) {
  const kubeconfig = parse(readFileSync(join(dataDir, 'cluster-sim', 'kubeconfig.yaml'), 'utf8')) as {
    clusters: { cluster: { server: string } }[];
  };
  const { server } = kubeconfig.clusters[0]!.cluster;
  const list = async (path: string) => {
    const response = await fetch(`${server}${path}?labelSelector=souk.dev/instance=${instanceId}`);
    return ((await response.json()) as { items: never[] }).items;
  };
  const workloads: { spec: { template: { spec: { containers: Container[] } } } }[] = [
    ...(await list('/apis/apps/v1/deployments')),
    ...(await list('/apis/batch/v1/jobs')),
  ];
  const secrets: { data?: Record<string, string> }[] = await list('/api/v1/secrets');
  return {
    containers: workloads.flatMap(({ spec }) => spec.template.spec.containers),
    secretValues: secrets.flatMap(({ data }) =>
      Object.values(data ?? {}).map((value) => Buffer.from(value, 'base64').toString()),
    ),
  };
}
