import { LogTokens } from '../src/application/logs/log-tokens';
import { LOG_TOKEN_VERSION } from '../src/domain/render/render-instance';
import { LogRetentionConsumer } from '../src/edges/logs/log-retention.consumer';
import { ids, shop } from './sample';
import { World } from './world';

const LINES = { 'content-type': 'application/x-ndjson' };

describe('Logs of an instance', () => {
  let world: World;
  let instanceId: string;
  let bearer: string;

  beforeAll(async () => {
    world = await World.open({}, { logDirectory: 'in the folder of the world' });
    world.neighbours.app.add(ids.versionId, '1.0.0', shop, { apis: [], dataModels: [] });
    instanceId = await world.purchase('my shop');
    await world.reaches(instanceId, 'running');
    bearer = await world.part(LogTokens).bearerOf({ instanceId, ownerTenant: ids.buyer }, LOG_TOKEN_VERSION);
  });
  afterAll(() => world.close());

  /** As a collector sends them. */
  const collected = (lines: readonly object[], token = bearer) =>
    world.send(
      'POST',
      '/open/v1/logs',
      undefined,
      { ...LINES, authorization: `Bearer ${token}` },
      lines.map((line) => JSON.stringify(line)).join('\n'),
    );
  const logs = async (query = '') => (await world.request('buyer', 'GET', `/v1/instances/${instanceId}/logs${query}`)).body;
  const texts = async (query = '') => ((await logs(query)).items as { text: string }[]).map(({ text }) => text);

  it('come from its collectors, and are found by its owner, newest first', async () => {
    const time = new Date(Date.now() - 1_000).toISOString();
    const sent = await collected([
      { time, log: 'Starting', file: '/souk/logs/out.log', node: 'tomcat', pod: 'tomcat-1' },
      { time, log: 'Started', node: 'tomcat' },
      { time, log: 'ready for connections', node: 'mysql' },
    ]);
    expect([sent.status, sent.body]).toEqual([204, '']);
    const { items, kept } = await logs();
    expect(items).toEqual([
      { position: '3', at: time, node: 'mysql', text: 'ready for connections' },
      { position: '2', at: time, node: 'tomcat', text: 'Started' },
      { position: '1', at: time, node: 'tomcat', pod: 'tomcat-1', file: 'out.log', text: 'Starting' },
    ]);
    expect(kept).toMatchObject({ lines: 3, dropped: 0 });
    expect(await texts('?node=tomcat&contains=STARTED')).toEqual(['Started']);
    expect(await texts(`?since=${new Date().toISOString()}`)).toEqual([]);
    const first = await logs('?limit=2');
    expect(await texts(`?limit=2&cursor=${first.next}`)).toEqual(['Starting']);
  });

  it('are nobody else’s to read', async () => {
    for (const path of ['logs', 'logs/events', 'nodes/tomcat/pod-logs'])
      expect((await world.request('provider', 'GET', `/v1/instances/${instanceId}/${path}`)).body).toMatchObject({ status: 404 });
    expect((await world.request('operator', 'GET', `/v1/instances/${instanceId}/logs`)).status).toBe(403);
  });

  it('are taken from nobody else', async () => {
    const forged = `${bearer.slice(0, -1)}${bearer.endsWith('A') ? 'B' : 'A'}`;
    const unknown = bearer.replace(instanceId, 'inst_00000000000000000000000000');
    for (const token of [forged, unknown, 'x', `buyer.${ids.buyer}`])
      expect((await collected([{ log: 'x' }], token)).body).toMatchObject({ status: 401, code: 'unauthenticated' });
    expect((await world.send('POST', '/open/v1/logs', [])).status).toBe(401);
    // Nothing of what they send is looked at.
    const authorization = `Bearer ${forged}`;
    for (const [type, text] of [
      ['application/json', '{'],
      ['application/json', `"${'x'.repeat(5 * 1024 * 1024)}"`],
      ['image/png', 'x'],
    ] as const)
      expect(
        (await world.send('POST', '/open/v1/logs', undefined, { 'content-type': type, authorization }, text)).body,
      ).toMatchObject({ code: 'unauthenticated' });
    expect(await texts('?contains=x')).toEqual([]);
  });

  it('are taken as a list, too, and bounded', async () => {
    expect(
      (await world.send('POST', '/open/v1/logs', [{ log: 'in a list' }], { authorization: `Bearer ${bearer}` })).status,
    ).toBe(204);
    expect(await texts('?contains=in%20a%20list')).toEqual(['in a list']);
    const deep = `${'['.repeat(20_000)}${']'.repeat(20_000)}`;
    const sent = async (text: string, type: string) =>
      (await world.send('POST', '/open/v1/logs', undefined, { 'content-type': type, authorization: `Bearer ${bearer}` }, text))
        .status;
    expect(await sent(`${deep}\nafter what is deep`, 'application/json')).toBe(204);
    expect(await texts('?limit=2')).toEqual(['after what is deep', expect.stringMatching(/^\[\[\[/)]);
    const { kept } = await logs();
    expect(await sent('1\n'.repeat(40_001), 'text/plain')).toBe(413);
    expect((await logs()).kept).toEqual(kept);
    const large = 'x'.repeat(1024 * 1024);
    expect((await collected(Array.from({ length: 5 }, () => ({ log: large })))).status).toBe(413);
    let answer = await collected([]);
    for (let i = 0; i < 60 && answer.status === 204; i++) answer = await collected([{ log: large }]);
    expect([answer.body.code, answer.headers['retry-after']]).toEqual(['too-many-logs', '5']);
    // Few bytes, which take much room.
    expect(await sent('1\n'.repeat(40_000), 'text/plain')).toBe(429);
  });

  it('are followed live, from the last line that was heard', async () => {
    const other = await world.purchase('another shop');
    const token = await world.part(LogTokens).bearerOf({ instanceId: other, ownerTenant: ids.buyer }, LOG_TOKEN_VERSION);
    await world.reaches(other, 'running');
    await collected(
      [
        { log: 'of the neighbour', node: 'tomcat' },
        { log: 'of mysql', node: 'mysql' },
        { log: 'live', node: 'tomcat' },
      ],
      token,
    );
    const path = `/v1/instances/${other}/logs/events?node=tomcat`;
    const own = await world.stream('buyer', path, { 'last-event-id': '1' });
    const text = await own.until('live');
    own.close();
    expect(text).toMatch(
      /^id: 1\nevent: heartbeat\ndata: {}\n\nid: 3\nevent: line\ndata: \{"at":".*","node":"tomcat","text":"live"\}\n\n$/,
    );
    const after = await world.stream('buyer', path, { 'last-event-id': '3' });
    const heard = after.until('and on');
    await collected([{ log: 'and on', node: 'tomcat' }], token);
    expect(await heard).toContain('id: 4\n');
    after.close();
  });

  it('say what pods print, from the cluster', async () => {
    const path = `/v1/instances/${instanceId}/nodes`;
    const { status, headers, body } = await world.request('buyer', 'GET', `${path}/tomcat/pod-logs`);
    expect([status, headers['content-type']]).toEqual([200, 'text/plain; charset=utf-8']);
    expect(body).toContain('starting tomcat from');
    const last = await world.request('buyer', 'GET', `${path}/tomcat/pod-logs?tailLines=1`);
    expect(last.body.trim().split('\n')).toHaveLength(1);
    expect((await world.request('buyer', 'GET', `${path}/other/pod-logs`)).body).toMatchObject({ status: 404 });
    for (const wish of ['pod=mysql-0', 'container=other'])
      expect((await world.request('buyer', 'GET', `${path}/tomcat/pod-logs?${wish}`)).body).toMatchObject({ code: 'no-pod-log' });
    await world.stopCluster();
    expect((await world.request('buyer', 'GET', `${path}/tomcat/pod-logs`)).body).toMatchObject({ code: 'cluster-unreachable' });
    await world.startCluster();
  });

  it('are read in ten streams of a tenant at a time', async () => {
    const path = `/v1/instances/${instanceId}/logs/events`;
    const streams = await Promise.all(Array.from({ length: 10 }, () => world.stream('buyer', path)));
    const refused = [path, `/v1/instances/${instanceId}/nodes/tomcat/pod-logs?follow=true`];
    for (const url of refused)
      expect((await world.request('buyer', 'GET', url)).body).toMatchObject({ status: 429, code: 'too-many-log-streams' });
    for (const stream of streams) stream.close();
  });

  it('go with the instance', async () => {
    await world.request('buyer', 'DELETE', `/v1/instances/${instanceId}`);
    await world.reaches(instanceId, 'deleted');
    await world.part(LogRetentionConsumer).instanceDeleted({ data: { instanceId } } as never);
    expect(await logs()).toEqual({ items: [], kept: { lines: 0, bytes: 0, dropped: 0 } });
    expect((await collected([{ log: 'from the dead' }])).body).toMatchObject({ code: 'unauthenticated' });
  });
});
