import { type Pod } from '../objects/workloads';
import { chooseHost, type HostView } from './fit';
import { HostPods } from './host-pods';
import { podRequest } from './resource-request';

const pod = (requests: Record<string, string> = {}, spec: object = {}, metadata: object = {}): Pod =>
  ({
    metadata: { name: 'p', namespace: 'shop', ...metadata },
    spec: { containers: [{ name: 'a', image: 'x', resources: { requests } }], ...spec },
  }) as unknown as Pod;

const host = (name: string, pods: Pod[] = [], node: object = {}): HostView =>
  ({
    node: {
      metadata: { name, labels: { 'kubernetes.io/hostname': name } },
      spec: {},
      status: { allocatable: { cpu: '4', memory: '8Gi', pods: '110' } },
      ...node,
    },
    pods: new HostPods(pods),
  }) as unknown as HostView;

const hosts = [host('edge-1'), host('edge-2'), host('edge-3')];

describe('The scheduler', () => {
  it('says in the words of kube-scheduler why a pod fits nowhere', () => {
    expect(chooseHost(pod({ memory: '9Gi' }), hosts)).toEqual({
      message:
        '0/3 nodes are available: 3 Insufficient memory. preemption: 0/3 nodes are available: 3 No preemption victims found for incoming pod.',
    });
  });

  it('counts each reason, and tells which hosts no eviction could free', () => {
    const mixed = [
      host('a', [pod({ cpu: '4' })]),
      host('b', [], { spec: { unschedulable: true } }),
      host('c', [pod({ cpu: '3500m' })]),
    ];
    expect(chooseHost(pod({ cpu: '1' }), mixed)).toEqual({
      message:
        '0/3 nodes are available: 1 node(s) were unschedulable, 2 Insufficient cpu. ' +
        'preemption: 0/3 nodes are available: 1 Preemption is not helpful for scheduling, 2 No preemption victims found for incoming pod.',
    });
  });

  it('uses a host up to the last byte', () => {
    const full = [host('edge-1', [pod({ memory: '7Gi' })])];
    expect(chooseHost(pod({ memory: '1Gi' }), full)).toEqual({ host: 'edge-1' });
    expect(chooseHost(pod({ memory: '1025Mi' }), full)).toHaveProperty('message');
  });

  it('keeps host ports apart', () => {
    const listening = pod({}, { containers: [{ name: 'a', image: 'x', ports: [{ containerPort: 80, hostPort: 80 }] }] });
    expect(chooseHost(listening, [host('edge-1', [listening]), host('edge-2')])).toEqual({ host: 'edge-2' });
    expect(chooseHost(listening, [host('edge-1', [listening])])).toMatchObject({
      message: expect.stringContaining("1 node(s) didn't have free ports for the requested pod ports") as string,
    });
  });

  it('keeps pods apart that are not to meet, whichever of them says so', () => {
    const labels = { app: 'gateway' };
    const rule = { labelSelector: { matchLabels: labels }, topologyKey: 'kubernetes.io/hostname' };
    const affinity = { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [rule] } };
    const recluse = pod({}, { affinity }, { labels });
    const plain = pod({}, {}, { labels });
    expect(chooseHost(recluse, [host('edge-1', [plain]), host('edge-2')])).toEqual({ host: 'edge-2' });
    expect(chooseHost(plain, [host('edge-1', [recluse]), host('edge-2')])).toEqual({ host: 'edge-2' });
    expect(chooseHost(pod({}, {}, { labels: {} }), [host('edge-1', [recluse])])).toEqual({ host: 'edge-1' });
    expect(chooseHost(recluse, [host('edge-1', [recluse])])).toMatchObject({
      message: expect.stringContaining("1 node(s) didn't match pod anti-affinity rules") as string,
    });
  });

  it('obeys selectors, affinity, taints and tolerations', () => {
    expect(chooseHost(pod({}, { nodeSelector: { 'kubernetes.io/hostname': 'edge-2' } }), hosts)).toEqual({ host: 'edge-2' });
    expect(chooseHost(pod({}, { nodeSelector: { gpu: 'yes' } }), hosts)).toMatchObject({
      message: expect.stringContaining("3 node(s) didn't match Pod's node affinity/selector") as string,
    });
    const terms = [{ matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'NotIn', values: ['edge-1', 'edge-2'] }] }];
    const affinity = { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms } } };
    expect(chooseHost(pod({}, { affinity }), hosts)).toEqual({ host: 'edge-3' });
    const tainted = [host('edge-1', [], { spec: { taints: [{ key: 'only', value: 'db', effect: 'NoSchedule' }] } })];
    expect(chooseHost(pod(), tainted)).toMatchObject({
      message: expect.stringContaining('untolerated taint {only: db}') as string,
    });
    expect(chooseHost(pod({}, { tolerations: [{ key: 'only', operator: 'Exists' }] }), tainted)).toEqual({ host: 'edge-1' });
  });

  it('spreads the pods of one owner', () => {
    const owned = pod({}, {}, { ownerReferences: [{ uid: 'u', controller: true }] });
    expect(chooseHost(owned, [host('edge-1', [owned]), host('edge-2', [pod({ cpu: '3' })])])).toEqual({ host: 'edge-2' });
  });

  it('obeys topology spread constraints that may not be broken', () => {
    const constraint = {
      maxSkew: 1,
      topologyKey: 'kubernetes.io/hostname',
      whenUnsatisfiable: 'DoNotSchedule',
      labelSelector: { matchLabels: { app: 'web' } },
    };
    const web = pod({}, { topologySpreadConstraints: [constraint] }, { labels: { app: 'web' } });
    const full = host('edge-2', [pod({ cpu: '4' })]);
    expect(
      chooseHost(pod({ cpu: '1' }, web.spec.topologySpreadConstraints ? { ...web.spec } : {}, { labels: { app: 'web' } }), [
        host('edge-1', [web]),
      ]),
    ).toEqual({
      host: 'edge-1',
    });
    const needy = { ...web, spec: { ...web.spec, containers: pod({ cpu: '1' }).spec.containers } } as Pod;
    expect(chooseHost(needy, [host('edge-1', [web]), full])).toMatchObject({
      message: expect.stringContaining("1 Insufficient cpu, 1 node(s) didn't match pod topology spread constraints") as string,
    });
  });

  it('says what is the matter with a claim', () => {
    expect(chooseHost(pod(), hosts, 'persistentvolumeclaim "data" not found')).toMatchObject({
      message: expect.stringContaining('0/3 nodes are available: persistentvolumeclaim "data" not found.') as string,
    });
  });

  it('asks for the containers together or the greediest init container', () => {
    const spec = pod(
      { cpu: '1', memory: '1Gi' },
      {
        initContainers: [
          { name: 'i', image: 'x', resources: { requests: { cpu: '3' } } },
          { name: 's', image: 'x', restartPolicy: 'Always', resources: { requests: { memory: '1Gi' } } },
        ],
      },
    ).spec;
    expect(podRequest(spec)).toEqual({ milliCpu: 3000, memory: 2 * 2 ** 30 });
  });
});
