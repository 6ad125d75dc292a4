import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { RunningSim } from '../testing/running-sim';
import { type SimClient } from '../testing/sim-client';
import { type FaultRule } from './faults/fault-rule';
import { startClusterSim } from './index';

const MAPS = '/api/v1/namespaces/default/configmaps';
const map = (name: string): object => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } });

describe('A simulated cluster that is told to misbehave', () => {
  let running: RunningSim;
  let client: SimClient;

  beforeAll(async () => {
    running = await RunningSim.start();
    client = running.client;
  });
  afterAll(() => running.stop());
  afterEach(async () => {
    await client.delete('/sim/v1/faults');
    await client.delete('/sim/v1/requests');
  });

  const misbehave = async (...faults: FaultRule[]): Promise<void> => {
    expect((await client.put('/sim/v1/faults', { faults })).status).toBe(200);
  };
  const exists = async (name: string): Promise<boolean> => (await client.get(`${MAPS}/${name}`)).status === 200;
  /** Fails with the connection, as `fetch` says it. */
  const broken = async (request: Promise<unknown>): Promise<boolean> =>
    request.then(
      () => false,
      (error: unknown) => (error as Error).name === 'TypeError',
    );

  it.each([
    [429, 'TooManyRequests'],
    [409, 'Conflict'],
    [500, 'InternalError'],
    [503, 'ServiceUnavailable'],
    [504, 'Timeout'],
  ] as const)('answers %i in Kubernetes’ words', async (code, reason) => {
    await misbehave({ match: { resource: 'configmaps', verbs: ['create'] }, fault: { type: 'status', code }, times: 1 });
    const answer = await client.post(MAPS, map(`status-${code}`));
    expect([answer.status, answer.body]).toMatchObject([code, { kind: 'Status', status: 'Failure', reason, code }]);
    expect(await exists(`status-${code}`)).toBe(false);
    expect((await client.post(MAPS, map(`status-${code}`))).status).toBe(201);
  });

  it('says when to come back', async () => {
    await misbehave({ fault: { type: 'status', code: 429, retryAfterSeconds: 3 } });
    const response = await fetch(client.url + MAPS, { headers: { authorization: `Bearer ${client.token}` } });
    expect([response.status, response.headers.get('retry-after')]).toEqual([429, '3']);
    expect(await response.json()).toMatchObject({ details: { retryAfterSeconds: 3 } });
  });

  it.each([false, true])('never answers, and the write has taken effect: %s', async (applied) => {
    const name = `timeout-${String(applied)}`;
    await misbehave(
      { match: { name }, fault: { type: 'timeout', applied } },
      { match: { verbs: ['create'] }, fault: { type: 'timeout', applied } },
    );
    const aborted = fetch(client.url + MAPS, {
      method: 'POST',
      headers: { authorization: `Bearer ${client.token}`, 'content-type': 'application/json' },
      body: JSON.stringify(map(name)),
      signal: AbortSignal.timeout(150),
    });
    await expect(aborted).rejects.toThrow('timeout');
    await misbehave();
    expect(await exists(name)).toBe(applied);
  });

  it.each([false, true])('resets the connection, and the write has taken effect: %s', async (applied) => {
    const name = `reset-${String(applied)}`;
    await misbehave({ match: { verbs: ['create'] }, fault: { type: 'reset', applied } });
    expect(await broken(client.post(MAPS, map(name)))).toBe(true);
    expect(await exists(name)).toBe(applied);
  });

  it('breaks an answer off in the middle', async () => {
    await misbehave({ match: { verbs: ['list'] }, fault: { type: 'reset', afterBytes: 40 } });
    const response = await fetch(client.url + MAPS, { headers: { authorization: `Bearer ${client.token}` } });
    expect(response.status).toBe(200);
    expect(await broken(response.text())).toBe(true);
  });

  it('takes its time', async () => {
    await misbehave({ match: { verbs: ['list'] }, fault: { type: 'latency', ms: 60 } });
    const asked = performance.now();
    expect((await client.get(MAPS)).status).toBe(200);
    expect(performance.now() - asked).toBeGreaterThan(55);
  });

  describe('on watches', () => {
    const write = async (...names: string[]): Promise<void> => {
      for (const name of names) await client.post(MAPS, map(name));
    };
    const now = async (): Promise<string> => (await client.get(MAPS)).body.metadata.resourceVersion as string;

    it('tells so many events, then that the version is gone', async () => {
      await misbehave({ fault: { type: 'gone', afterEvents: 2 } });
      const from = await now();
      const events = await client.watch(
        `${MAPS}?resourceVersion=${from}`,
        (seen) => seen.length >= 3,
        () => write('a', 'b', 'c'),
      );
      expect(events.map(({ type }) => type)).toEqual(['ADDED', 'ADDED', 'ERROR']);
      expect(events[2]!.object).toMatchObject({ code: 410, reason: 'Expired' });
    });

    it('ends them in order, or resets them', async () => {
      await misbehave({ fault: { type: 'closed', afterEvents: 1 }, times: 1 }, { fault: { type: 'reset', afterEvents: 1 } });
      const from = await now();
      const watch = (name: string): Promise<unknown[]> =>
        client.watch(
          `${MAPS}?resourceVersion=${from}`,
          () => false,
          () => write(name),
        );
      await expect(watch('d')).resolves.toHaveLength(1);
      expect(await broken(watch('e'))).toBe(true);
    });

    it('falls silent, those that are open too, without as much as a bookmark', async () => {
      const from = await now();
      const heard: string[] = [];
      const abort = new AbortController();
      const open = await fetch(
        `${client.url}${MAPS}?watch=true&allowWatchBookmarks=true&resourceVersion=${from}&timeoutSeconds=1`,
        {
          headers: { authorization: `Bearer ${client.token}` },
          signal: abort.signal,
        },
      );
      await misbehave({ match: { verbs: ['watch'] }, fault: { type: 'stall' }, times: 1 });
      const reading = (async () => {
        for await (const chunk of open.body!) heard.push(Buffer.from(chunk as Uint8Array).toString());
      })();
      // Another watch, begun after the one that stalls, hears of it: so the first one would have, by now.
      await client.watch(
        `${MAPS}?resourceVersion=${from}`,
        (seen) => seen.some(({ object }) => object.metadata.name === 'g'),
        () => write('f', 'g'),
      );
      expect(heard).toEqual([]);
      expect((await client.get('/sim/v1/faults')).body.faults).toMatchObject([{ struck: 1 }]);
      abort.abort();
      await reading.catch(() => undefined);
    });
  });

  it('is out of reach as a whole, but for its own routes', async () => {
    const from = (await client.get(MAPS)).body.metadata.resourceVersion as string;
    const cut = client.watch(
      `${MAPS}?resourceVersion=${from}`,
      () => false,
      () => misbehave({ fault: { type: 'outage' } }),
    );
    expect(await broken(cut)).toBe(true);
    expect(await broken(client.get(MAPS))).toBe(true);
    expect(await broken(client.get('/version'))).toBe(true);
    await misbehave({ fault: { type: 'outage', code: 503 } });
    expect((await client.get('/version')).status).toBe(503);
    expect((await client.get('/sim/v1/requests')).body.faults).toMatchObject({ outage: 3 });
    await misbehave();
    expect((await client.get(MAPS)).status).toBe(200);
  });

  it('counts requests, and what went wrong, by client, verb and resource', async () => {
    await misbehave({ match: { verbs: ['list'], client: 'tester' }, fault: { type: 'status', code: 500 }, skip: 1 });
    for (let n = 0; n < 3; n++) await client.get(MAPS, { 'user-agent': 'tester/1.0' });
    const { body } = await client.get('/sim/v1/requests');
    expect(body).toMatchObject({ calls: 3, faults: { status: 2 } });
    expect(body.requests).toEqual([{ client: 'tester', verb: 'list', resource: 'configmaps', calls: 3, faults: 2 }]);
    await client.delete('/sim/v1/requests');
    expect((await client.get('/sim/v1/requests')).body).toMatchObject({ calls: 0, faults: {}, requests: [] });
  });

  it('takes rules one by one, and refuses what it does not understand', async () => {
    const added = await client.post('/sim/v1/faults', { fault: { type: 'latency', ms: 1 } });
    expect([added.status, added.body]).toMatchObject([201, { id: 'f1', fault: { type: 'latency', ms: 1 } }]);
    expect((await client.post('/sim/v1/faults', { id: 'f1', fault: { type: 'reset' } })).status).toBe(409);
    const refused = await client.post('/sim/v1/faults', { fault: { type: 'latency' }, when: 'now' });
    expect(refused.status).toBe(400);
    expect(refused.body.message).toBe('unknown field "when"; fault.ms is needed for "latency"');
    expect((await client.put('/sim/v1/faults', { rules: [] })).status).toBe(400);
    expect((await client.delete('/sim/v1/faults/f1')).status).toBe(204);
    expect((await client.delete('/sim/v1/faults/f1')).status).toBe(404);
    expect((await client.get('/sim/v1/faults')).body).toEqual({ faults: [] });
  });

  it('keeps the plan over a restart, in its configuration', async () => {
    await misbehave({ id: 'slow', fault: { type: 'latency', ms: 1 } });
    const saved = JSON.parse(readFileSync(join(running.dataDir, 'cluster-sim', 'config.json'), 'utf8')) as {
      faults: FaultRule[];
    };
    await running.restart();
    client = running.client;
    const { faults } = await client.until('/sim/v1/faults', () => true);
    expect(faults).toMatchObject(saved.faults);
    expect(saved.faults).toMatchObject([{ id: 'slow' }]);
  });

  it('does not start with a plan that makes no sense', async () => {
    const faults = [{ fault: { type: 'fire' } }] as unknown as FaultRule[];
    await expect(startClusterSim({ dataDir: join(running.dataDir, 'other'), config: { faults } })).rejects.toThrow(
      'faults[0]: fault.type must be',
    );
  });
});
