import type { ConfigurationAtRevision, DeclaredPermissions } from '@souk/contracts';
import type { TopologyNode } from '@souk/topology';
import { declarationProblems } from './declaration-problems';

const port = { internal: 8080, external: 80, protocol: 'TCP' } as const;
const web: TopologyNode = { serviceName: 'web', category: 'custom', image: 'web:1', ports: [port], serviceType: 'NodePort' };
const api: TopologyNode = { ...web, serviceName: 'api', serviceType: 'ClusterIP' };
const db: TopologyNode = { serviceName: 'db', category: 'third-party', preset: 'mysql' };

const configuration = (name: string, ...nodes: readonly TopologyNode[]): ConfigurationAtRevision => ({
  configurationId: `cfg_${name}`,
  versionId: 'ver_1',
  providerTenant: 'ten_p',
  name,
  hosting: 'edge',
  revision: 3,
  topology: { nodes, arrows: [], parameters: {}, secrets: {} },
  problems: [],
  warnings: [],
});
const problems = (declared: Partial<DeclaredPermissions>, ...configurations: readonly ConfigurationAtRevision[]) =>
  declarationProblems(configurations, { apis: [], dataModels: [], ...declared }).map(({ code, pointer }) => [code, pointer]);

const shop = configuration('shop', web, api, db);
const sso = (node: string, on = 80) => ({ sso: { path: '/login', node, port: on } });

describe('A declaration', () => {
  it('fits topologies that have what it names', () =>
    expect(
      problems(
        {
          ...sso('web'),
          provisions: [
            { model: 'orders', node: 'api', port: 80 },
            { model: 'sql', node: 'db', port: 3306 },
          ],
        },
        shop,
      ),
    ).toEqual([]));

  it.each<[string, Partial<DeclaredPermissions>, string, string]>([
    ['signs in at a node that is not there', sso('www'), 'unknown-node', '/permissions/sso/node'],
    ['signs in at a port that the node does not have', sso('web', 8080), 'port-not-exposed', '/permissions/sso/port'],
    ['signs in at a port that is reached inside of the instance only', sso('api'), 'port-not-exposed', '/permissions/sso/port'],
    [
      'provides a service by a node that is not there',
      { provisions: [{ model: 'orders', node: 'www', port: 80 }] },
      'unknown-node',
      '/permissions/provisions/0/node',
    ],
    [
      'provides a service on a port that the node does not have',
      { provisions: [{ model: 'orders', node: 'api', port: 81 }] },
      'port-not-exposed',
      '/permissions/provisions/0/port',
    ],
  ])('is refused where it %s', (_, declared, code, pointer) => expect(problems(declared, shop)).toEqual([[code, pointer]]));

  it('takes a node on the network of its host for one that is reached from outside', () =>
    expect(problems(sso('api'), configuration('shop', { ...api, hostNetwork: true }))).toEqual([]));

  it('has to fit every configuration', () =>
    expect(problems(sso('web'), shop, configuration('small', db))).toEqual([['unknown-node', '/permissions/sso/node']]));

  it('has to name the services that variables refer to', () => {
    const env = { URL: '${service.orders.host}:${service.orders.port},${service.orders.host}', 'a/b': '$${service.faces.host}' };
    const caller = configuration('caller/1', { ...web, env });
    const undeclared = ['service-not-declared', '/configurations/caller~11/nodes/0/env/URL'];
    expect(problems({}, caller)).toEqual([undeclared]);
    expect(problems({ dependencies: [{ model: 'orders', apis: [] }] }, caller)).toEqual([]);
  });
});
