import { atOnce } from '@souk/event-sourcing';
import { resolveTopology, type Topology, type TopologyNode } from '@souk/topology';
import { configurationOf, ids, mysql, shop, tomcat, toRender } from '../../../test/sample';
import {
  newPods,
  objectsOf,
  planSteps,
  portChanges,
  tellingSteps,
  TOLD_IN_FULL,
  warningSteps,
  withoutRepeatedInit,
} from './deployment-plan';
import { differenceSteps } from './instance-difference';
import { type InstanceToRender, renderInstance } from '../render/render-instance';

describe('Pods that need a place', () => {
  it.each([
    ['all of a node that is new', { replicas: 3 }, undefined, false, 3],
    ['none of a node that stays', { replicas: 3 }, 3, false, 0],
    ['one of a node that changes: it is ready before an old one goes', { replicas: 3 }, 3, true, 1],
    ['those that a node has more, and that one', { replicas: 3 }, 1, true, 3],
    ['that one, of a node that has fewer', { replicas: 1 }, 3, true, 1],
    ['none of a node that changes while the instance is stopped', { replicas: 0 }, 0, true, 0],
    ['none of a node that is new while the instance is stopped', { replicas: 0 }, undefined, false, 0],
  ])('are %s', (_, node, had, changes, pods) => {
    const before = new Map(had === undefined ? [] : [['web', had]]);
    expect(newPods({ serviceName: 'web', ...node }, before, new Set(changes ? ['web'] : []))).toBe(pods);
  });
});

describe('Warnings of a plan', () => {
  const codes = (...nodes: TopologyNode[]) => {
    const topology = resolveTopology({ ...shop, nodes });
    const images = [
      { image: tomcat.image!, unpinned: true },
      { image: mysql.image!, digest: `sha256:${'b'.repeat(64)}`, unpinned: false },
    ];
    return atOnce(warningSteps(topology.nodes, images)).map(({ code, pointer }) => [code, pointer]);
  };
  const known = { ...mysql, userId: 999 };

  it('name images without a digest', () =>
    expect(codes(known, { ...tomcat, userId: 1 })).toEqual([['image-unpinned', '/nodes/1/image']]));

  it('name what needs more than pod security `restricted`, and what topologies warn of', () =>
    expect(codes({ ...known, userId: 0 })).toEqual([
      ['user-is-root', '/nodes/0/userId'],
      ['pod-security', '/nodes/0/userId'],
    ]));

  it('name what a node sees of its host', () => {
    const hostPaths = [
      { containerPath: '/d', hostPath: '/dev/ttyUSB0', type: 'CharDevice' as const },
      { containerPath: '/etc/tz', hostPath: '/etc/localtime', type: 'File' as const, readOnly: true },
    ];
    expect(codes({ ...known, hostNetwork: true, hostPaths })).toEqual([
      ['pod-security', '/nodes/0/hostNetwork'],
      ['pod-security', '/nodes/0/hostPaths'],
      ['pod-security', '/nodes/0/hostPaths'],
    ]);
  });
});

describe('Ports of a plan', () => {
  it('are opened and closed where the way in is another one', () => {
    const http = { node: 'web', port: 80, protocol: 'TCP', exposure: 'NodePort' } as const;
    const balanced = { ...http, exposure: 'LoadBalancer' } as const;
    expect(portChanges([http], [balanced])).toEqual({ opened: [balanced], closed: [http] });
    expect(portChanges([http], [{ ...http }])).toEqual({ opened: [], closed: [] });
  });
});

describe('An init node that completed', () => {
  const [before, after] = [shop, { ...shop, nodes: shop.nodes.map((node) => ({ ...node, image: 'another:2' })) }].map(
    (topology) => renderInstance(toRender(topology)),
  );
  const jobs = (completed: string[], standing = before!) =>
    objectsOf(withoutRepeatedInit(after!, standing, new Set(completed))).filter(({ object }) => object.kind === 'Job');

  it('stays as it is', () =>
    expect(jobs(['schema'])).toEqual([before!.nodes.find(({ name }) => name === 'schema')!.objects.at(-1)]));
  it('does not come again, where it is gone', () => expect(jobs(['schema'], { ...before!, nodes: [] })).toEqual([]));
  it('runs where it never completed', () => expect(jobs([])).toHaveLength(1));
});

describe('What is told in full', () => {
  const nodes = Array.from({ length: 600 }, (_, i) => ({ ...mysql, serviceName: `db-${String(i).padStart(3, '0')}` }));
  const objects = (image: string) =>
    objectsOf(renderInstance(toRender({ ...shop, arrows: [], nodes: nodes.map((node) => ({ ...node, image })) })));
  const [before, after] = [objects('mysql:1'), objects('mysql:2')];
  const difference = atOnce(differenceSteps(before, after));

  it('is as much as fits into an answer', () => {
    const { manifests, difference: all, leftOut } = atOnce(tellingSteps(after, difference, { inFull: true }));
    expect(manifests).toHaveLength(TOLD_IN_FULL);
    expect(leftOut).toBe(after.length - TOLD_IN_FULL);
    expect(all).toHaveLength(after.length);
    expect(all.filter(({ fields }) => fields)).toHaveLength(TOLD_IN_FULL);
  });

  it('is of the nodes that were asked for', () => {
    const { manifests, difference: all, leftOut } = atOnce(tellingSteps(after, difference, { only: ['db-599'], inFull: true }));
    expect(manifests).toMatchObject([{ kind: 'Secret' }, { kind: 'Service' }, { kind: 'Deployment' }]);
    expect(all.filter(({ fields }) => fields).map(({ node }) => node)).toEqual(['db-599']);
    expect(leftOut).toBe(0);
  });

  it('is nothing, for whom the objects are not', () => {
    const { manifests, difference: all, leftOut } = atOnce(tellingSteps(after, difference, { inFull: false }));
    expect([manifests, leftOut]).toEqual([[], 0]);
    expect(all).toEqual(difference.map(({ fields: _, ...which }) => which));
  });
});

describe('A plan of an instance', () => {
  const cloud = (name: string, service: string, plan: string): TopologyNode => ({
    ...{ serviceName: name, category: 'cloud', cloud: { service, plan } },
  });
  const of = (topology: Topology, more: Partial<InstanceToRender> = {}) => ({
    configuration: configurationOf(topology),
    rendered: renderInstance(toRender(topology, more)),
  });
  const planned = (after: ReturnType<typeof of>, before?: ReturnType<typeof of>) =>
    atOnce(
      planSteps({
        ...{ kind: 'upgrade', ...after, completedInit: new Set(['schema']), hosts: [], problems: [], services: [], inFull: true },
        ...(before && { before }),
        permissions: { granted: { apis: [], dataModels: [] }, declared: { apis: [], dataModels: [] } },
        revisions: { snapshot: '', configuration: 'standard', clusterId: ids.clusterId, cluster: 0 },
      }),
    );
  const next = { ...shop, nodes: shop.nodes.map((node) => ({ ...node, image: 'another:2' })) };

  it('goes by the replicas that its owner wants', () => {
    const scale = new Map([['tomcat', 5]]);
    const { nodes, totals } = planned(of(next, { scale }), of(shop, { scale }));
    expect(nodes.map(({ serviceName, replicas, placement }) => [serviceName, replicas, placement.length])).toEqual([
      ['mysql', 1, 1],
      ['schema', 1, 0],
      ['tomcat', 5, 1],
    ]);
    expect(totals.requests).toEqual({ cpu: '850m', memory: '1280Mi' });
  });

  it('takes nothing while it is stopped', () => {
    const { nodes, totals, fits } = planned(of(next, { stopped: true }), of(shop, { stopped: true }));
    expect(nodes.filter(({ placement, replicas }) => placement.length + replicas > 0)).toEqual([]);
    expect([totals.requests.cpu, fits]).toEqual(['0', true]);
  });

  it('says what becomes of cloud nodes, and whose data is lost', () => {
    const standing = { ...shop, nodes: [...shop.nodes, cloud('cache', 'redis', 'small'), cloud('rds', 'mysql', 'small')] };
    const wanted = { ...shop, nodes: [...shop.nodes, cloud('queue', 'mq', 'small'), cloud('rds', 'mysql', 'large')] };
    const { difference, warnings } = planned(of(wanted), of(standing));
    expect(difference.filter(({ kind }) => kind === 'CloudNode')).toEqual([
      { change: 'created', kind: 'CloudNode', name: 'queue', node: 'queue' },
      {
        ...{ change: 'changed', kind: 'CloudNode', name: 'rds', node: 'rds' },
        fields: [{ pointer: '/plan', before: 'small', after: 'large' }],
      },
      { change: 'deleted', kind: 'CloudNode', name: 'cache', node: 'cache' },
    ]);
    expect(warnings.filter(({ code }) => code === 'resource-deleted')).toMatchObject([
      { message: expect.stringContaining('"cache"') },
    ]);
    expect(planned(of(wanted), of(wanted)).difference.filter(({ change }) => change !== 'untouched')).toEqual([]);
  });
});
