import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { type ProtocolServer, startProtocolServer } from '@souk/event-store/testing';
import { startMongoStandIn } from '@souk/mongo/testing';
import {
  askAsInstance,
  DistributedProcesses,
  identityIn,
  type InstanceIdentity,
  MarketplaceProcess,
  Story,
  TestUser,
  withoutBroker,
} from '../testing';

const suite = withoutBroker === undefined ? describe : describe.skip;
if (withoutBroker !== undefined) console.info(`a marketplace that has moved is not tried: ${withoutBroker}`);

/** Of one process on embedded stores, by `npm run migrate`, to one process for each service. */
suite('A marketplace that has moved house', () => {
  const before = new MarketplaceProcess();
  const masterKeys = randomBytes(32).toString('base64');
  /** Who asks before who is asked. */
  const closing: (() => Promise<unknown>)[] = [() => before.destroy()];
  let server: ProtocolServer;
  let mongo: Awaited<ReturnType<typeof startMongoStandIn>>;
  let after: DistributedProcesses;
  let story: Story;
  let identity: InstanceIdentity;
  let instanceId: string;
  /** What was answered before the move, by who asked and what. */
  let answers: readonly { readonly who: TestUser; readonly path: string; readonly body: unknown }[];

  const migrate = async (): Promise<unknown> => {
    const script = join(__dirname, '../../../scripts/migrate.mjs');
    const args = ['--from', before.dataDir, '--to', server.connectionString, '--vault', mongo.url];
    const child = spawn(process.execPath, [script, ...args], {
      env: { ...process.env, SOUK_MASTER_KEYS: masterKeys },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    return (await once(child, 'exit'))[0] as unknown;
  };
  const moved = ({ token, tenant }: TestUser) => new TestUser(after.url, token, tenant);
  const runs = ({ status }: { status: string }) => status === 'running';

  beforeAll(async () => {
    [server, mongo] = await Promise.all([startProtocolServer(), startMongoStandIn(), before.start()]);
    closing.push(
      () => server.close(),
      () => mongo.close(),
    );
    story = await Story.begin(before.operator, before.url);
    const { appId, versionId } = await story.publish();
    expect((await story.buyer.put('/v1/secrets/smtp', { value: 'kept' })).status).toBeLessThan(300);
    await story.bill('paid', 'order-1', 1, await story.order(appId, versionId, 'guest-book'));
    const { items } = await story.buyer.until('/v1/instances', (page: { items: { status: string }[] }) => page.items.some(runs));
    ({ instanceId } = (items as [{ instanceId: string }])[0]);
    const secrets = await before.cluster<{ items: [] }>(`/api/v1/secrets?labelSelector=souk.dev/instance=${instanceId}`);
    identity = identityIn(secrets!.items);
    const asked = [
      [story.provider, '/v1/apps'],
      [story.provider, `/v1/versions/${versionId}/configurations`],
      [story.buyer, '/v1/instances'],
      [story.buyer, `/v1/instances/${instanceId}`],
      [story.buyer, `/v1/instances/${instanceId}/operations`],
      [story.buyer, `/v1/instances/${instanceId}/credential`],
      [story.buyer, '/v1/purchases'],
      [story.buyer, '/v1/secrets'],
      [before.operator, '/v1/tenants'],
      [before.operator, '/v1/clusters'],
    ] as const;
    answers = await Promise.all(asked.map(async ([who, path]) => ({ who, path, body: (await who.get(path)).body as unknown })));
    expect(await before.stop()).toBe(0);
    expect(await migrate()).toBe(0);
    const engines = { eventStore: server.connectionString, documents: mongo.url };
    after = new DistributedProcesses({ dataDir: before.dataDir, masterKeys, engines });
    closing.unshift(() => after.destroy());
    await after.start();
  }, 180_000);
  afterAll(async () => {
    for (const close of closing) await close();
  }, 30_000);

  it('takes the tokens of before, and answers what it answered', async () => {
    for (const { who, path, body } of answers) {
      expect(body).toBeDefined();
      const user = moved(who);
      // Read models are built anew. What is not the same in the end is shown below.
      await user.until(path, (answer) => isDeepStrictEqual(answer, body), 30_000).catch(() => undefined);
      expect((await user.get(path)).body).toEqual(body);
    }
    expect(after.operatorToken).toBe('');
  }, 90_000);

  it('knows an instance by the secret that was given to it before', async () => {
    const forged = { ...identity, secret: `${identity.secret}x` };
    expect(await askAsInstance(after.url, identity)).toMatchObject({ status: 200, body: { instanceId, status: 'running' } });
    expect((await askAsInstance(after.url, forged)).status).toBe(401);
  });

  it('goes on with what it has: an instance is restarted where it stands, and keeps its identity', async () => {
    const buyer = moved(story.buyer);
    const answer = await buyer.post(`/v1/instances/${instanceId}/restart`);
    const { operationId } = answer.body as { operationId: string };
    await buyer.until(`/v1/operations/${operationId}`, ({ status }: { status: string }) => status === 'succeeded', 60_000);
    const secrets = await after.cluster<{ items: [] }>(`/api/v1/secrets?labelSelector=souk.dev/instance=${instanceId}`);
    expect(identityIn(secrets!.items)).toEqual(identity);
    const namespaces = await after.cluster<{ items: object[] }>('/api/v1/namespaces?labelSelector=souk.dev/instance');
    expect(namespaces!.items).toHaveLength(1);
  }, 90_000);
});
