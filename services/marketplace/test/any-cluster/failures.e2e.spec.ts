import type { TopologyNode } from '@souk/topology';
import { AnyCluster } from './any-cluster';
import { agnhost, prepare, topologyOf, web } from './sample';
import type { TestApp } from './test-app';
import { nodesWith, type OperationRecord, type TestInstance } from './test-instance';
import { ok, PATIENCE, where } from './where';

const { args: _, ...toolbox } = web;
const failing = { ...prepare, command: ['sh', '-c', 'exit 3'] };

/** By the code of the failure: a web that fails so, and what is said of it. */
const broken: Readonly<Record<string, readonly [TopologyNode, RegExp]>> = {
  'image-not-pulled': [{ ...web, image: agnhost('0-pull-error') }, /its image ".*:0-pull-error" can't be pulled: \S/],
  'crash-loop': [
    { ...toolbox, command: ['sh', '-c', 'exit 3'] },
    /it crashes again and again: it ended with exit code 3 .*\(image ".*agnhost/,
  ],
  'never-ready': [{ ...web, readinessCheck: { command: ['false'] } }, /it runs, but its health check does not succeed/],
  'does-not-fit': [{ ...web, memory: { request: '900Ti', limit: '900Ti' } }, /no host has room: it asks for 900Ti memory/],
};
const codes = Object.keys(broken);

describe(`${where}, what goes wrong`, () => {
  jest.setTimeout(4 * PATIENCE);
  let any: AnyCluster;
  let app: TestApp;
  let clusterId: string;

  beforeAll(async () => {
    any = await AnyCluster.open();
    clusterId = await any.register();
    app = await any.newApp('Fragile');
    await app.release('1.0.0', topologyOf([web]));
    for (const [n, code] of codes.entries()) await app.release(`1.${n + 1}.0`, topologyOf([broken[code]![0]]));
    await app.release('2.0.0', topologyOf([web, failing], ['web', 'prepare']));
    await app.release('2.1.0', topologyOf([web, prepare], ['web', 'prepare']));
  });
  afterAll(() => any.close());

  const numberOf = (code: string) => `1.${codes.indexOf(code) + 1}.0`;
  const intervene = (path: string, body: object) => any.marketplace.operator.post(path, { reason: 'a test', ...body });

  describe('with an upgrade', () => {
    /** All at once: most of their time they wait. */
    const upgrades = new Map<string, { readonly instance: TestInstance; readonly record: Promise<OperationRecord> }>();
    beforeAll(async () => {
      const instances = await Promise.all(codes.map(() => any.purchase(app, '1.0.0', clusterId)));
      for (const [n, instance] of instances.entries()) {
        await instance.reaches('running');
        const { operationId } = ok(await instance.ask('upgrade', { versionId: app.version(numberOf(codes[n]!)) }));
        upgrades.set(codes[n]!, { instance, record: instance.ended(operationId as string) });
      }
    });

    it.each(codes)('is told in plain words, and rolled back: %s', async (code) => {
      const { instance, record } = upgrades.get(code)!;
      const [, words] = broken[code]!;
      const told = await record;
      expect(told).toMatchObject({ status: 'rolled-back', code, failedNode: 'web' });
      expect(told.failure).toMatch(words);
      expect(nodesWith(told, /RollbackStarted|OperationRolledBack/)).toHaveLength(2);
      expect(await instance.atRest()).toMatchObject({
        ...{ status: 'running', versionNumber: '1.0.0' },
        lastFailure: { code, outcome: 'rolled-back', node: 'web', versionNumber: numberOf(code) },
      });
    });
  });

  it('with an init node ends a deployment, nothing behind it begins, and it is run again only when somebody says so', async () => {
    const instance = await any.purchase(app, '2.0.0', clusterId);
    const degraded = await instance.reaches('degraded');
    expect(degraded.reason).toContain('init node "prepare" failed: it ended with exit code 3');
    await expect(instance.object('Deployment', 'web')).rejects.toMatchObject({ status: 404 });
    const first = (await instance.object('Job', 'prepare')).metadata.uid;

    const { operationId } = degraded.lastFailure as { operationId: string };
    const retry = ok(await intervene(`/v1/operations/${operationId}/retry`, { reason: 'perhaps now' }));
    expect(await instance.ended(retry.operationId as string)).toMatchObject({
      kind: 'retry',
      status: 'failed',
      code: 'init-failed',
    });
    expect((await instance.object('Job', 'prepare')).metadata.uid).not.toBe(first);

    const mended = await instance.operate('upgrade', { versionId: app.version('2.1.0') });
    expect(nodesWith(mended, /InitNodeCompleted|NodeBecameReady/)).toEqual(['prepare', 'web']);
    expect(await instance.atRest()).toMatchObject({ status: 'running', versionNumber: '2.1.0' });
  });

  it('is in the hands of operators: they hold an operation, let it go on, and take a node for ready', async () => {
    const instance = await any.purchase(app, '1.0.0', clusterId);
    await instance.reaches('running');
    const { operationId } = ok(await instance.ask('upgrade', { versionId: app.version(numberOf('never-ready')) }));
    await instance.step(operationId as string, 'NodeApplied', 'web');
    ok(await intervene(`/v1/instances/${instance.id}/suspend-reconciliation`, { reason: 'wait' }));
    await instance.step(operationId as string, 'OperationStalled');
    expect(await instance.ask('restart')).toMatchObject({ status: 409 });
    ok(await intervene(`/v1/operations/${operationId}/resume`, { reason: 'go on' }));
    await instance.step(operationId as string, 'OperationContinued');
    ok(await intervene(`/v1/operations/${operationId}/nodes/web/override`, { reason: 'its check is wrong' }));
    const record = await instance.ended(operationId as string);
    expect(record.status).toBe('succeeded');
    expect(record.steps).toContainEqual(expect.objectContaining({ type: 'NodeOverridden', node: 'web' }));
  });
});
