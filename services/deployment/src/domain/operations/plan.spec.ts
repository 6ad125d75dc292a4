import fc from 'fast-check';
import type { Topology, TopologyNode } from '@souk/topology';
import { PaperCluster } from '../../../test/paper-cluster';
import { clock, deployed, Story, tooLate } from '../../../test/paper-story';
import { ids, mysql, operationAfter, schema, shop, started, tomcat, toRender } from '../../../test/sample';
import { evolveOperation, type StartedOperation } from './operation';
import { plan } from './plan';
import { renderInstance } from '../render/render-instance';

const names = shop.nodes.map((node) => node.serviceName);
const upgraded = (from: Story, topology: Topology, completedInit: string[], removes: string[] = []) => {
  const events = started({ operationId: 'op_upgrade', kind: 'upgrade', removes });
  const story = new Story(renderInstance(toRender(topology)), from.cluster, events);
  story.completedInit = new Set(completedInit);
  from.cluster.applied.length = 0;
  return story;
};

describe('plan', () => {
  describe('of a deploy', () => {
    it('begins with the surroundings, the namespace first, and with nodes that wait for nobody', () => {
      const story = new Story(renderInstance(toRender(shop)));
      expect(story.rest()).toEqual([
        'apply Namespace/souk-01j00000000000000000000001',
        'apply NetworkPolicy/souk-isolation',
        'apply ServiceAccount/souk-workload',
        'apply Secret/souk-identity',
        'apply ResourceQuota/souk-quota',
        'apply Secret/souk-env-mysql',
        'apply Service/mysql',
        'apply Deployment/mysql',
        'NodeApplied mysql',
      ]);
    });

    it('goes on wave by wave, arrow heads first', () => {
      const story = new Story(renderInstance(toRender(shop)));
      story.rest();
      story.cluster.makeReady('mysql');
      expect(story.rest()).toEqual([
        'NodeBecameReady mysql',
        'apply Secret/souk-env-schema',
        'apply Job/schema',
        'NodeApplied schema',
      ]);
      story.cluster.makeReady('schema');
      expect(story.rest()).toEqual([
        'InitNodeCompleted schema',
        'apply Secret/souk-env-tomcat',
        'apply Service/tomcat',
        'apply NetworkPolicy/tomcat-exposed',
        'apply Deployment/tomcat',
        'NodeApplied tomcat',
      ]);
      story.cluster.makeReady('tomcat');
      expect(story.rest()).toEqual(['NodeBecameReady tomcat', 'OperationSucceeded']);
    });

    it('is empty when it has succeeded', () => {
      expect(deployed().operation.status).toBe('succeeded');
      expect(deployed().plan()).toEqual([]);
    });

    it('stops at an init node that failed, and never starts it again', () => {
      const story = new Story(renderInstance(toRender(shop)));
      story.rest();
      story.cluster.makeReady('mysql');
      story.rest();
      story.cluster.failJob('schema');
      expect(story.rest()).toEqual(['InitNodeFailed schema', 'OperationFailed schema']);
      expect(story.plan()).toEqual([]);
    });

    it('tells trouble once for each kind of it', () => {
      const story = new Story(renderInstance(toRender(shop)));
      story.rest();
      const pulling = (message: string) => ({
        containerStatuses: [{ name: 'mysql', state: { waiting: { reason: 'ImagePullBackOff', message } } }],
      });
      story.cluster.addPod('mysql', pulling('not found'));
      expect(story.rest()).toEqual(['NodeWaiting mysql']);
      story.cluster.addPod('mysql', pulling('Back-off pulling image'));
      expect(story.rest()).toEqual([]);
    });

    it.each(['ErrImagePull', 'InvalidImageName', 'ImageInspectError', 'RegistryUnavailable', 'SignatureValidationFailed'])(
      'knows an image that can not be had by the word %s',
      (reason) => {
        const story = new Story(renderInstance(toRender(shop)));
        story.rest();
        story.cluster.addPod('mysql', { containerStatuses: [{ name: 'mysql', state: { waiting: { reason } } }] });
        story.clock = tooLate;
        story.rest();
        expect(story.operation).toMatchObject({ status: 'failed', failure: { code: 'image-not-pulled', node: 'mysql' } });
      },
    );

    it('says once what a slow node waits for', () => {
      const story = new Story(renderInstance(toRender(shop)));
      story.rest();
      story.cluster.addPod('mysql', { containerStatuses: [{ name: 'mysql', state: { running: {} } }] });
      expect(story.rest()).toEqual([]);
      story.clock = { ...clock, now: '2026-01-01T00:00:10.000Z', slowDeadline: clock.deadline };
      expect(story.rest()).toEqual(['NodeWaiting mysql']);
      expect(story.rest()).toEqual([]);
    });

    it('gives up when a node is not ready in time, and says why', () => {
      const story = new Story(renderInstance(toRender(shop)));
      story.rest();
      const message = '0/2 nodes are available: 2 Insufficient memory.';
      story.cluster.addPod('mysql', {
        conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message }],
      });
      story.rest();
      story.clock = tooLate;
      story.rest();
      expect(story.operation).toMatchObject({
        status: 'failed',
        failure: {
          code: 'does-not-fit',
          node: 'mysql',
          reason: `node "mysql" did not become ready within 10 minutes: ${message} (image "docker.io/library/mysql:8.4.4")`,
        },
      });
    });

    it('says which resource is short and how much of it was free', () => {
      const story = new Story(renderInstance(toRender(shop)));
      story.rest();
      const message = '0/1 nodes are available: 1 Insufficient memory.';
      story.cluster.addPod('mysql', {
        conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message }],
      });
      const gibi = 1024 ** 3;
      const host = {
        name: 'edge-1',
        platform: 'linux/amd64',
        schedulable: true,
        allocatable: { cpu: 4000, memory: gibi },
        requested: { cpu: 0, memory: 0.75 * gibi },
      };
      const observed = { ...story.cluster.observed(), hosts: [host] };
      const [action] = plan({ instance: story.instance!, operation: story.operation, completedInit: new Set(), clock }, observed);
      expect(action).toMatchObject({
        fact: {
          type: 'NodeWaiting',
          data: {
            code: 'does-not-fit',
            reason: expect.stringContaining('512Mi memory and the most that is free is 256Mi on host "edge-1"'),
          },
        },
      });
    });

    it('gives nodes their full time again after the cluster was away', () => {
      const story = new Story(renderInstance(toRender(shop)));
      story.rest();
      const { operationId, instanceId } = ids;
      const away = {
        type: 'OperationStalled',
        data: { operationId, instanceId, code: 'cluster-unreachable', reason: 'x' },
      } as const;
      story.operation = operationAfter(started());
      story.rest();
      story.operation = evolveOperation(story.operation, away) as StartedOperation;
      story.operation = evolveOperation(story.operation, {
        type: 'OperationContinued',
        data: { operationId, instanceId },
      }) as StartedOperation;
      story.clock = tooLate;
      expect(story.rest()).toEqual(['NodeWaiting mysql']);
      expect(story.operation.status).toBe('running');
    });
  });

  describe('of an upgrade', () => {
    const newTomcat: Topology = { ...shop, nodes: [{ ...tomcat, image: 'registry.example/shop/tomcat:1.1.0' }, mysql, schema] };

    it('touches nothing but the node that changed', () => {
      const story = upgraded(deployed(), newTomcat, ['schema']);
      expect(story.rest()).toEqual(['NodeBecameReady mysql', 'apply Deployment/tomcat', 'NodeApplied tomcat']);
      story.cluster.makeReady('tomcat');
      expect(story.rest()).toEqual(['NodeBecameReady tomcat', 'OperationSucceeded']);
      expect(story.cluster.applied).toEqual(['Deployment/tomcat']);
    });

    it('never runs an init node again, even where its job is gone and its image is another', () => {
      const before = deployed();
      before.cluster.carryOut({ type: 'delete', reference: { apiVersion: 'batch/v1', kind: 'Job', name: 'schema', uid: '' } });
      const other = {
        ...newTomcat,
        nodes: [...newTomcat.nodes.slice(0, 2), { ...schema, image: 'registry.example/shop/schema:2' }],
      };
      const story = upgraded(before, other, ['schema']).finish(['tomcat']);
      expect(story.operation.status).toBe('succeeded');
      expect(story.cluster.applied).toEqual(['Deployment/tomcat']);
    });

    it('runs an init node that came with a later version once', () => {
      const seed: TopologyNode = { ...schema, serviceName: 'seed' };
      const more: Topology = { ...shop, nodes: [...shop.nodes, seed], arrows: [...shop.arrows, { from: 'seed', to: 'mysql' }] };
      const story = upgraded(deployed(), more, ['schema']).finish(['seed']);
      expect(story.operation.status).toBe('succeeded');
      expect(story.cluster.applied.filter((key) => key.startsWith('Job/'))).toEqual(['Job/seed']);
    });

    it('tries a failed init node again, because its owner asked', () => {
      const failed = new Story(renderInstance(toRender(shop)));
      failed.rest();
      failed.cluster.makeReady('mysql');
      failed.rest();
      failed.cluster.failJob('schema');
      failed.rest();
      const story = upgraded(failed, shop, []);
      expect(story.rest()).toEqual(['NodeBecameReady mysql', 'delete Job/schema', 'apply Job/schema', 'NodeApplied schema']);
    });

    it('removes at last what the new version does not have', () => {
      const less: Topology = { nodes: [mysql], arrows: [], parameters: {}, secrets: shop.secrets };
      const story = upgraded(deployed(), less, ['schema'], ['schema', 'tomcat']);
      const done = story.rest();
      expect(done.slice(-3)).toEqual(['NodeDeleted schema', 'NodeDeleted tomcat', 'OperationSucceeded']);
      expect(story.cluster.keys().filter((key) => /tomcat|schema/.test(key))).toEqual([]);
    });

    it('makes room for both versions while they change, and takes it back', () => {
      const before = deployed();
      const smaller: Topology = { ...shop, nodes: [{ ...tomcat, memory: { request: '64Mi', limit: '128Mi' } }, mysql, schema] };
      const rendered = renderInstance(toRender(smaller, { before: toRender(shop).configuration }));
      expect(rendered.quota.changing.hash).not.toBe(rendered.quota.settled.hash);
      const story = new Story(rendered, before.cluster, started({ operationId: 'op_upgrade', kind: 'upgrade' }));
      story.completedInit.add('schema');
      story.finish(['tomcat']);
      expect(story.operation.status).toBe('succeeded');
      expect(story.cluster.get('ResourceQuota/souk-quota')?.['spec']).toEqual(rendered.quota.settled.object['spec']);
    });
  });

  describe('of a restart', () => {
    it('rolls out the nodes that are meant, and no others', () => {
      const before = deployed();
      const rendered = renderInstance(toRender(shop, { restarts: new Map([['mysql', 'op_restart']]) }));
      const story = new Story(rendered, before.cluster, started({ operationId: 'op_restart', kind: 'restart' }));
      story.completedInit.add('schema');
      before.cluster.applied.length = 0;
      story.finish(['mysql']);
      expect(story.operation.status).toBe('succeeded');
      expect(before.cluster.applied).toEqual(['Deployment/mysql']);
    });
  });

  describe('of a delete', () => {
    it('removes the namespace and is done when nothing is left', () => {
      const { cluster } = deployed();
      const story = new Story(undefined, cluster, started({ kind: 'delete' }));
      expect(story.rest()).toEqual([
        'delete Namespace/souk-01j00000000000000000000001',
        'NodeDeleted tomcat',
        'NodeDeleted schema',
        'NodeDeleted mysql',
        'OperationSucceeded',
      ]);
    });

    it('is done at once where nothing was ever made', () => {
      const story = new Story(undefined, new PaperCluster(), started({ kind: 'delete', waves: [] }));
      expect(story.rest()).toEqual(['OperationSucceeded']);
    });
  });

  describe('as a law', () => {
    const topologies = fc.integer({ min: 1, max: 7 }).chain((size) =>
      fc.record({
        kinds: fc.array(fc.constantFrom<TopologyNode>(tomcat, mysql, schema), { minLength: size, maxLength: size }),
        arrows: fc.uniqueArray(fc.tuple(fc.nat(size - 1), fc.nat(size - 1)), { maxLength: 12, selector: String }),
      }),
    );
    const topologyOf = ({ kinds, arrows }: { kinds: TopologyNode[]; arrows: [number, number][] }): Topology => ({
      ...shop,
      nodes: kinds.map((node, i) => ({ ...node, env: {}, serviceName: `n${i}` })),
      arrows: arrows.filter(([from, to]) => from > to).map(([from, to]) => ({ from: `n${from}`, to: `n${to}` })),
    });

    it('converges from any crash: any prefix of any round carried out, any node ready in any order', () => {
      fc.assert(
        fc.property(topologies, fc.array(fc.tuple(fc.nat(8), fc.nat(6)), { minLength: 40, maxLength: 40 }), (shape, crashes) => {
          const topology = topologyOf(shape);
          const story = new Story(renderInstance(toRender(topology)));
          const dependencies = new Map(story.instance!.nodes.map((node) => [node.name, node.dependsOn]));
          const ready = new Set<string>();
          const done = new Set<string>();
          for (const [most, luck] of crashes) {
            const before = story.cluster.applied.length;
            story.round(most);
            for (const key of story.cluster.applied.slice(before)) {
              const node = /^(?:Deployment|Job|Service|Secret\/souk-env)[/-](n\d)$/.exec(key)?.[1];
              // No node is touched before all that it points at is ready.
              if (node) expect(dependencies.get(node)!.filter((dependency) => !ready.has(dependency))).toEqual([]);
              if (/^(Deployment|Job)\//.test(key)) {
                expect(done.has(key)).toBe(false);
                done.add(key);
              }
            }
            const lucky = `n${luck}`;
            if (story.cluster.get(`Deployment/${lucky}`) ?? story.cluster.get(`Job/${lucky}`)) {
              story.cluster.makeReady(lucky);
              ready.add(lucky);
            }
          }
          story.finish(topology.nodes.map((node) => node.serviceName));
          expect(story.operation.status).toBe('succeeded');
          expect(story.plan()).toEqual([]);
        }),
        { numRuns: 100 },
      );
    });

    it('has nothing to touch where what is wanted stands already', () => {
      const story = upgraded(deployed(), shop, ['schema']);
      expect(story.rest()).toEqual(['NodeBecameReady mysql', 'NodeBecameReady tomcat', 'OperationSucceeded']);
      expect(names).toHaveLength(3);
    });
  });
});
