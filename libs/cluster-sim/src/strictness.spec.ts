import { RunningSim } from '../testing/running-sim';
import { type Answer } from '../testing/sim-client';

const labels = { app: 'web' };
const http = { httpGet: { path: '/healthz', port: 8080 } };
const tcp = { tcpSocket: { port: 8080 } };

describe('What a real API server refuses', () => {
  let sim: RunningSim;
  beforeAll(async () => {
    sim = await RunningSim.start();
    await sim.client.post('/api/v1/namespaces', { metadata: { name: 'shop' } });
  });
  afterAll(() => sim.stop());

  const deployment = (container: object = {}, pod: object = {}): object => ({
    metadata: { labels },
    spec: {
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'web', image: 'web:1', ...container }], ...pod } },
    },
  });
  const applied = (object: object, name = 'web') => sim.client.apply(`/apis/apps/v1/namespaces/shop/deployments/${name}`, object);
  const causes = ({ status, body }: Answer): string[] => {
    expect(status).toBe(422);
    return (body.details.causes as { field: string; message: string }[]).map(
      ({ field, message }) => `${field.replace('spec.template.spec.', '')} ${message}`,
    );
  };

  it.each([
    [{ livenessProbe: { periodSeconds: 5 } }, 'livenessProbe Required value: must specify a handler type'],
    [{ readinessProbe: { ...http, ...tcp } }, 'readinessProbe.tcpSocket Forbidden: may not specify more than 1 handler type'],
    [{ livenessProbe: { ...tcp, successThreshold: 2 } }, 'livenessProbe.successThreshold Invalid value: 2: must be 1'],
    [
      { startupProbe: { tcpSocket: { port: 0 } } },
      'startupProbe.tcpSocket.port Invalid value: 0: must be between 1 and 65535, inclusive',
    ],
    [
      { securityContext: { privileged: true, allowPrivilegeEscalation: false } },
      'securityContext Invalid value: {"privileged":true,"allowPrivilegeEscalation":false}: cannot set `allowPrivilegeEscalation` to false and `privileged` to true',
    ],
    [
      { ports: [{ containerPort: 80, name: 'a-name-that-is-long' }] },
      'ports[0].name Invalid value: "a-name-that-is-long": must be an IANA service name of no more than 15 characters',
    ],
  ])('of a container: %j', async (container, cause) => {
    expect(causes(await applied(deployment(container), 'refused'))).toEqual([`containers[0].${cause}`]);
  });

  it('of a pod: a volume of no type, a path out of its volume, hosts that can not be meant', async () => {
    const spread = { maxSkew: 0, topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'Perhaps' };
    const volumeMounts = [{ name: 'files', mountPath: '/files', subPath: '../other' }];
    const pod = { volumes: [{ name: 'files' }], topologySpreadConstraints: [spread] };
    expect(causes(await applied(deployment({ volumeMounts }, pod), 'refused'))).toEqual([
      `containers[0].volumeMounts[0].subPath Invalid value: "../other": must not contain '..'`,
      'volumes[0] Required value: must specify a volume type',
      'topologySpreadConstraints[0].maxSkew Invalid value: 0: must be greater than zero',
      'topologySpreadConstraints[0].whenUnsatisfiable Unsupported value: "Perhaps": supported values: "DoNotSchedule", "ScheduleAnyway"',
    ]);
  });

  it('of a network policy: ports, networks and peers that are none', async () => {
    const ingress = [
      { ports: [{ port: 70_000, protocol: 'TCP' }], from: [{ ipBlock: { cidr: '10.0.0.0' } }, {}] },
      { from: [{ ipBlock: { cidr: '10.0.0.0/8' }, podSelector: {} }] },
    ];
    const spec = { podSelector: {}, policyTypes: ['Inwards'], ingress };
    const path = '/apis/networking.k8s.io/v1/namespaces/shop/networkpolicies/refused';
    expect(causes(await sim.client.apply(path, { spec })).map((cause) => cause.split(' ')[0])).toEqual([
      'spec.policyTypes[0]',
      'spec.ingress[0].ports[0].port',
      'spec.ingress[0].from[0].ipBlock.cidr',
      'spec.ingress[0].from[1]',
      'spec.ingress[1].from[0]',
    ]);
  });

  it('of a Secret that says it holds what a registry wants to see, and does not', async () => {
    const apply = (data: object) =>
      sim.client.apply('/api/v1/namespaces/shop/secrets/pull', { type: 'kubernetes.io/dockerconfigjson', data });
    expect(causes(await apply({}))).toEqual(['data[.dockerconfigjson] Required value']);
    expect((await apply({ '.dockerconfigjson': Buffer.from('no JSON').toString('base64') })).status).toBe(422);
    expect((await apply({ '.dockerconfigjson': Buffer.from('{"auths":{}}').toString('base64') })).status).toBe(201);
  });

  it('is not that a probe asks otherwise from now on: of how it asked nothing is left, defaults neither', async () => {
    expect((await applied(deployment({ readinessProbe: http }))).status).toBe(201);
    const { status, body } = await applied(deployment({ readinessProbe: tcp }));
    expect(status).toBe(200);
    expect(body.spec.template.spec.containers[0].readinessProbe).toEqual({
      ...{ tcpSocket: { port: 8080 }, timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3 },
    });
  });
});
