import { resolveTopology, type TopologyNode } from '@souk/topology';
import { mysql, shop, tomcat, toRender } from '../../test/sample';
import { newPods, objectsOf, planWarnings, portChanges, TOLD_IN_FULL, told, withoutRepeatedInit } from './deployment-plan';
import { differenceSteps } from './instance-difference';
import { renderInstance } from './render/render-instance';
import { atOnce } from './steps';

describe('Pods that need a place', () => {
  it.each([
    ['all of a node that is new', { replicas: 3 }, undefined, false, 3],
    ['none of a node that stays', { replicas: 3 }, 3, false, 0],
    ['one of a node that changes: it is ready before an old one goes', { replicas: 3 }, 3, true, 1],
    ['those that a node has more, and that one', { replicas: 3 }, 1, true, 3],
    ['that one, of a node that has fewer', { replicas: 1 }, 3, true, 1],
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
    return planWarnings(topology, images).map(({ code, pointer }) => [code, pointer]);
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
    const { manifests, difference: all, leftOut } = told(after, difference);
    expect(manifests).toHaveLength(TOLD_IN_FULL);
    expect(leftOut).toBe(after.length - TOLD_IN_FULL);
    expect(all).toHaveLength(after.length);
    expect(all.filter(({ fields }) => fields)).toHaveLength(TOLD_IN_FULL);
  });

  it('is of the nodes that were asked for', () => {
    const { manifests, difference: all, leftOut } = told(after, difference, ['db-599']);
    expect(manifests).toMatchObject([{ kind: 'Secret' }, { kind: 'Service' }, { kind: 'Deployment' }]);
    expect(all.filter(({ fields }) => fields).map(({ node }) => node)).toEqual(['db-599']);
    expect(leftOut).toBe(0);
  });
});
