import fc from 'fast-check';
import type { Topology, TopologyNode } from '@souk/topology';
import type { PaperCluster } from '../../../test/paper-cluster';
import { changed, clock, deployed, type Story, tooLate } from '../../../test/paper-story';
import { ids, mysql, schema, shop, tomcat } from '../../../test/sample';
import { annotations } from '../cluster-object';
import { consequenceOf } from './operation';

const withImage = (topology: Topology, serviceName: string, tag: string): Topology => ({
  ...topology,
  nodes: topology.nodes.map((node) =>
    node.serviceName === serviceName ? { ...node, image: `shop/${serviceName}:${tag}` } : node,
  ),
});
const both = withImage(withImage(shop, 'mysql', '2'), 'tomcat', '2');

/** What stands there, but for what every write changes. */
const standing = (cluster: PaperCluster) =>
  new Map(
    cluster.keys().map((key) => {
      const { metadata, status: _, ...rest } = cluster.get(key)!;
      const { uid: __, generation: ___, annotations: marks, ...kept } = metadata;
      const { [annotations.operation]: ____, ...lasting } = marks ?? {};
      return [key, { ...rest, metadata: { ...kept, annotations: lasting } }];
    }),
  );

const crashing = (story: Story, node: string) =>
  story.cluster.addPod(node, {
    containerStatuses: [{ name: node, restartCount: 3, state: { waiting: { reason: 'CrashLoopBackOff' } } }],
  });

describe('plan of an upgrade that fails', () => {
  it('changes back first what was changed last, and nothing else', () => {
    const cluster = deployed().cluster;
    const before = standing(cluster);
    const story = changed(shop, both, 'upgrade', cluster);
    story.rest();
    story.cluster.makeReady('mysql');
    story.rest();
    story.clock = tooLate;
    expect(story.rest()).toEqual([
      'NodeWaiting tomcat',
      'RollbackStarted tomcat',
      'apply Deployment/tomcat',
      'NodeApplied tomcat',
    ]);
    expect(story.operation).toMatchObject({ status: 'running', rollback: { code: 'never-ready', node: 'tomcat' } });
    story.cluster.makeReady('tomcat');
    expect(story.rest()).toEqual(['NodeBecameReady tomcat', 'apply Deployment/mysql', 'NodeApplied mysql']);
    story.cluster.makeReady('mysql');
    expect(story.rest()).toEqual(['NodeBecameReady mysql', 'OperationRolledBack tomcat']);
    expect(story.operation).toMatchObject({ status: 'rolled-back', failure: { code: 'never-ready', node: 'tomcat' } });
    expect(standing(cluster)).toEqual(before);
    expect(story.plan()).toEqual([]);
  });

  it('does not wait on its way back for what waits itself for what is still to be changed back', () => {
    const story = changed(shop, both);
    story.rest();
    story.cluster.makeReady('mysql');
    story.rest();
    story.clock = tooLate;
    story.rest();
    crashing(story, 'tomcat');
    expect(story.rest()).toEqual(['NodeWaiting tomcat', 'apply Deployment/mysql', 'NodeApplied mysql']);
  });

  it('does not take for its own what pods of the version say that it leaves', () => {
    const story = changed(shop, both);
    story.rest();
    story.cluster.makeReady('mysql');
    story.rest();
    story.clock = tooLate;
    story.rest();
    const { template } = story.cluster.get('Deployment/tomcat')!['spec'] as {
      template: { metadata: { annotations: object }; spec: { containers: object[] } };
    };
    const [container] = template.spec.containers;
    const crashLoop = {
      containerStatuses: [{ name: 'tomcat', restartCount: 3, state: { waiting: { reason: 'CrashLoopBackOff' } } }],
    };
    story.cluster.addPod('tomcat', crashLoop, { ...container, image: 'shop/tomcat:2' }, 'of-the-other');
    story.cluster.addPod('tomcat', { containerStatuses: [] }, container, 'own');
    const own = story.cluster.get('Pod/own')!;
    Object.assign(own.metadata, { annotations: template.metadata.annotations });
    expect(story.rest()).toEqual([]);
    Object.assign(own, { status: crashLoop });
    expect(story.rest()).toEqual(['NodeWaiting tomcat', 'apply Deployment/mysql', 'NodeApplied mysql']);
  });

  it('keeps its order when the cluster was away in between', () => {
    const story = changed(shop, both);
    story.rest();
    story.cluster.makeReady('mysql');
    story.rest();
    story.clock = tooLate;
    story.rest();
    const of = { operationId: 'op_change', instanceId: ids.instanceId };
    story.record({ type: 'OperationStalled', data: { ...of, code: 'cluster-unreachable', reason: 'refused' } });
    story.record({ type: 'OperationContinued', data: of });
    expect(story.rest()).toEqual(['NodeWaiting tomcat']);
  });

  it('leaves a node alone that it has not touched, though it is not ready', () => {
    const story = changed(shop, withImage(shop, 'mysql', '2'));
    const tomcat = story.cluster.get('Deployment/tomcat')!;
    story.rest();
    story.clock = tooLate;
    story.rest();
    story.cluster.makeReady('mysql');
    story.rest();
    expect(story.operation.status).toBe('rolled-back');
    expect(story.cluster.applied).toEqual(['Deployment/mysql', 'Deployment/mysql']);
    expect(story.cluster.get('Deployment/tomcat')).toBe(tomcat);
  });

  it('removes what came with the new version, an init node that failed among it', () => {
    const seed: TopologyNode = { ...schema, serviceName: 'seed' };
    const more: Topology = { ...shop, nodes: [...shop.nodes, seed], arrows: [...shop.arrows, { from: 'seed', to: 'mysql' }] };
    const cluster = deployed().cluster;
    const before = standing(cluster);
    const story = changed(shop, more, 'upgrade', cluster);
    story.rest();
    cluster.failJob('seed');
    expect(story.rest()).toEqual([
      'InitNodeFailed seed',
      'RollbackStarted seed',
      'NodeBecameReady tomcat',
      'delete Secret/souk-env-seed',
      'delete Job/seed',
      'NodeDeleted seed',
      'NodeBecameReady mysql',
      'apply ResourceQuota/souk-quota',
      'OperationRolledBack seed',
    ]);
    expect(standing(cluster)).toEqual(before);
    expect(story.operation).toMatchObject({ failure: { code: 'init-failed' } });
  });

  it('remembers an init node that completed before it turned back: it is not run a second time', () => {
    const seed: TopologyNode = { ...schema, serviceName: 'seed' };
    const more: Topology = {
      ...withImage(shop, 'tomcat', '2'),
      nodes: [...withImage(shop, 'tomcat', '2').nodes, seed],
      arrows: [...shop.arrows, { from: 'seed', to: 'mysql' }, { from: 'tomcat', to: 'seed' }],
    };
    const story = changed(shop, more);
    story.rest();
    story.cluster.makeReady('seed');
    story.rest();
    story.clock = tooLate;
    story.finish(['tomcat']);
    expect(story.operation.status).toBe('rolled-back');
    expect([...story.operation.completedInit]).toEqual(['seed']);
  });

  it('gives up a crash loop before its time is up, and not for one that was only passing by', () => {
    const story = changed(shop, withImage(shop, 'tomcat', '2'));
    story.rest();
    crashing(story, 'tomcat');
    expect(story.rest()).toEqual(['NodeWaiting tomcat']);
    story.clock = { ...clock, now: '2026-01-01T00:01:59.999Z' };
    expect(story.rest()).toEqual([]);
    story.clock = { ...clock, now: '2026-01-01T00:02:00.000Z' };
    story.cluster.addPod('tomcat', { containerStatuses: [{ name: 'tomcat', restartCount: 3, state: { running: {} } }] });
    expect(story.rest()).toEqual([]);
    crashing(story, 'tomcat');
    expect(story.rest().slice(0, 2)).toEqual(['RollbackStarted tomcat', 'apply Deployment/tomcat']);
    expect(story.operation.rollback).toMatchObject({
      code: 'crash-loop',
      reason: expect.stringContaining('node "tomcat" did not become ready within 2 minutes: it crashes again and again'),
    });
  });

  it('has the full time for its way back, and fails with both reasons when that fails as well', () => {
    const story = changed(shop, withImage(shop, 'tomcat', '2'));
    story.rest();
    story.clock = tooLate;
    story.rest();
    crashing(story, 'tomcat');
    story.rest();
    story.clock = { ...tooLate, now: '2026-01-01T00:20:00.000Z' };
    expect(story.rest()).toEqual([]);
    story.clock = { ...tooLate, now: '2026-01-01T00:20:00.001Z' };
    expect(story.rest()).toEqual(['OperationFailed tomcat']);
    expect(story.operation).toMatchObject({
      status: 'failed',
      failure: {
        code: 'crash-loop',
        reason: expect.stringMatching(
          /its pods are being made .*; going back to version 1\.0\.0 failed as well: .*crashes again/,
        ),
      },
    });
  });

  it('has no way back where nothing ran well before', () => {
    const story = changed(shop, withImage(shop, 'tomcat', '2'));
    const { fallback: _, ...started } = story.operation.started;
    story.operation = { ...story.operation, started };
    story.rest();
    story.clock = tooLate;
    expect(story.rest()).toEqual(['NodeWaiting tomcat', 'OperationFailed tomcat']);
  });
});

describe('plan of a rollback', () => {
  const cache: TopologyNode = { ...mysql, serviceName: 'cache', env: {} };
  const withCache: Topology = {
    ...both,
    nodes: [...both.nodes, cache],
    arrows: [...shop.arrows, { from: 'tomcat', to: 'cache' }],
  };

  it('changes back in reverse order, and removes what the earlier version does not have in its place', () => {
    const story = changed(withCache, shop, 'rollback');
    expect(story.rest()).toEqual(['apply Deployment/tomcat', 'NodeApplied tomcat']);
    story.cluster.makeReady('tomcat');
    expect(story.rest()).toEqual([
      'NodeBecameReady tomcat',
      'apply Deployment/mysql',
      'delete Service/cache',
      'delete Deployment/cache',
      'NodeApplied mysql',
      'NodeDeleted cache',
    ]);
    story.cluster.makeReady('mysql');
    expect(story.rest()).toEqual(['NodeBecameReady mysql', 'apply ResourceQuota/souk-quota', 'OperationSucceeded']);
  });

  it('brings again first what only the earlier version has, and runs no init node that ever completed', () => {
    const story = changed(shop, withCache, 'rollback');
    expect(story.rest().filter((done) => !done.includes('quota'))).toEqual([
      'apply Service/cache',
      'apply Deployment/cache',
      'NodeApplied cache',
    ]);
    story.cluster.makeReady('cache');
    expect(story.rest()).toEqual(['NodeBecameReady cache', 'apply Deployment/tomcat', 'NodeApplied tomcat']);
    story.finish(['tomcat', 'mysql']);
    expect(story.operation.status).toBe('succeeded');
    expect(story.cluster.applied).not.toContain('Job/schema');
  });

  it('that fails is undone in deploy order', () => {
    const cluster = deployed(both).cluster;
    const before = standing(cluster);
    const story = changed(both, shop, 'rollback', cluster);
    story.rest();
    cluster.makeReady('tomcat');
    story.rest();
    story.clock = tooLate;
    expect(story.rest()).toEqual(['NodeWaiting mysql', 'RollbackStarted mysql', 'apply Deployment/mysql', 'NodeApplied mysql']);
    cluster.makeReady('mysql');
    expect(story.rest()).toEqual(['NodeBecameReady mysql', 'apply Deployment/tomcat', 'NodeApplied tomcat']);
    cluster.makeReady('tomcat');
    expect(story.rest()).toEqual(['NodeBecameReady tomcat', 'OperationRolledBack mysql']);
    expect(standing(cluster)).toEqual(before);
  });
});

describe('plan of a way back, as a law', () => {
  type Fate = 'same' | 'changed' | 'old-only' | 'new-only';
  const shapes = fc.integer({ min: 1, max: 7 }).chain((size) => {
    const arrows = fc.uniqueArray(fc.tuple(fc.nat(size - 1), fc.nat(size - 1)), { maxLength: 10, selector: String });
    return fc.record({
      nodes: fc.array(
        fc.record({
          kind: fc.constantFrom<TopologyNode>(tomcat, mysql, schema),
          fate: fc.constantFrom<Fate>('same', 'changed', 'changed', 'old-only', 'new-only'),
        }),
        { minLength: size, maxLength: size },
      ),
      oldArrows: arrows,
      newArrows: arrows,
    });
  });
  type Shape = typeof shapes extends fc.Arbitrary<infer S> ? S : never;
  const topologyOf = ({ nodes, oldArrows, newArrows }: Shape, version: 'old' | 'new'): Topology => {
    const kept = nodes.flatMap(({ kind, fate }, i) => {
      if (fate === (version === 'old' ? 'new-only' : 'old-only')) return [];
      const image = fate === 'changed' ? `shop/n${i}:${version}` : `shop/n${i}:1`;
      return [{ ...kind, image, env: {}, serviceName: `n${i}` }];
    });
    const names = new Set(kept.map(({ serviceName }) => serviceName));
    const arrows = (version === 'old' ? oldArrows : newArrows)
      .filter(([from, to]) => from > to)
      .map(([from, to]) => ({ from: `n${from}`, to: `n${to}` }))
      .filter(({ from, to }) => names.has(from) && names.has(to));
    return { ...shop, nodes: kept, arrows };
  };
  const crashes = (rounds: number) => fc.array(fc.tuple(fc.nat(8), fc.nat(6)), { minLength: rounds, maxLength: rounds });
  const play = (
    story: Story,
    [most, luck]: readonly [number, number],
    onWritten: (written: string[]) => void = () => undefined,
    onReady: (node: string) => void = () => undefined,
  ) => {
    const before = story.cluster.applied.length;
    story.round(most);
    onWritten(story.cluster.applied.slice(before));
    story.cluster.makeReady(`n${luck}`);
    if (story.cluster.get(`Deployment/n${luck}`)) onReady(`n${luck}`);
  };

  it.each(['upgrade', 'rollback'] as const)(
    'gives what stood before exactly, after any part of the %s, and from any crash',
    (kind) => {
      fc.assert(
        fc.property(shapes, fc.nat(30).chain(crashes), crashes(30), (shape, forward, back) => {
          const [from, to] = [topologyOf(shape, 'old'), topologyOf(shape, 'new')];
          const cluster = deployed(from).cluster;
          const before = standing(cluster);
          const story = changed(from, to, kind, cluster);
          for (const step of forward) play(story, step);
          if (story.operation.status !== 'running') return;
          story.record(consequenceOf(story.operation, { code: 'never-ready', reason: 'too late' }));

          const dependents = new Map<string, string[]>();
          if (kind === 'upgrade')
            for (const { from, to: head } of to.arrows) dependents.set(head, [...(dependents.get(head) ?? []), from]);
          const oldOnly = from.nodes.filter(({ serviceName }) => !to.nodes.some((node) => node.serviceName === serviceName));
          const again = kind === 'upgrade' ? oldOnly.filter(({ category }) => category !== 'init') : [];
          /** Written on the way back, and not ready since. */
          const changing = new Set<string>();
          for (const step of back)
            play(
              story,
              step,
              (written) => {
                expect(written.filter((key) => key.startsWith('Job/'))).toEqual([]);
                for (const node of written.flatMap((key) => /^(?:Deployment|Service)\/(n\d)$/.exec(key)?.[1] ?? [])) {
                  // Nothing is changed back before all that depends on it is back, or gone.
                  const open = (dependents.get(node) ?? []).filter(
                    (dependent) =>
                      changing.has(dependent) ||
                      (!before.has(`Deployment/${dependent}`) && cluster.get(`Deployment/${dependent}`)),
                  );
                  expect(open).toEqual([]);
                  if (!again.some(({ serviceName }) => serviceName === node))
                    expect(again.filter(({ serviceName }) => !cluster.get(`Deployment/${serviceName}`))).toEqual([]);
                  changing.add(node);
                }
              },
              (node) => changing.delete(node),
            );
          story.finish(shape.nodes.map((_, i) => `n${i}`));
          expect(story.operation.status).toBe('rolled-back');
          expect(story.plan()).toEqual([]);
          // The jobs of init nodes that the other version did not have may be gone: they are not run again for their sake.
          const gone = [...before.keys()].filter((key) => key.startsWith('Job/') && !cluster.get(key));
          for (const key of gone) before.delete(key);
          expect(standing(cluster)).toEqual(before);
          expect(gone.filter((key) => to.nodes.some(({ serviceName }) => key === `Job/${serviceName}`))).toEqual([]);
        }),
        { numRuns: 60 },
      );
    },
  );

  it('succeeds from any crash where nothing fails', () => {
    fc.assert(
      fc.property(shapes, crashes(40), (shape, steps) => {
        const [from, to] = [topologyOf(shape, 'old'), topologyOf(shape, 'new')];
        const story = changed(from, to, 'rollback');
        for (const step of steps) play(story, step);
        story.finish(shape.nodes.map((_, i) => `n${i}`));
        expect(story.operation.status).toBe('succeeded');
        const fresh = standing(deployed(to).cluster);
        const jobs = (objects: Map<string, unknown>) => [...objects].filter(([key]) => !key.startsWith('Job/'));
        expect(new Map(jobs(standing(story.cluster)))).toEqual(new Map(jobs(fresh)));
      }),
      { numRuns: 60 },
    );
  });
});
