import { processesOf, type Topology, type TopologyNode } from '@souk/topology';
import { stringify } from 'yaml';
import { ids, schema, shop, tomcat, toRender } from '../../../test/sample';
import type { LoadBalancerDialect } from '../clusters/cluster.events';
import type { ClusterObject } from '../cluster-object';
import { type LogDestination, logDestinationOf, logDestinationPattern } from './log-collector';
import { type InstanceToRender, renderInstance } from './render-instance';
import type { RenderedObject } from './rendered';
import { asClaimed, storageSizeOf, StorageWithoutNas } from './storage';

const documents = () => {
  const instance = renderInstance(toRender(shop));
  const objects = [...instance.surroundings, instance.quota.settled, ...instance.nodes.flatMap((node) => node.objects)];
  return objects
    .map(({ object, sealed }) =>
      stringify(sealed ? { ...object, sealed } : object, { aliasDuplicateObjects: false, singleQuote: true }),
    )
    .join('---\n');
};

/** Hashes of a node's objects by key. */
const hashesOf = (objects: readonly RenderedObject[]) =>
  Object.fromEntries(objects.map(({ object, hash }) => [`${object.kind}/${object.metadata.name}`, hash]));

const node = (name: string, more: Parameters<typeof toRender>[1] = {}, topology = shop) =>
  renderInstance(toRender(topology, more)).nodes.find((known) => known.name === name)!;

describe('The objects of an instance', () => {
  it('follow from their input alone', () => {
    expect(documents()).toBe(documents());
  });

  it('hold no value of a secret', () => {
    expect(documents()).toContain('template: ${secret.dbPassword}');
    expect(documents()).not.toContain('stringData');
  });

  it('change in the one node that changed', () => {
    const topology = { ...shop, nodes: shop.nodes.map((known) => (known === tomcat ? { ...tomcat, replicas: 3 } : known)) };
    expect(node('mysql', {}, topology).specHash).toBe(node('mysql').specHash);
    expect(node('tomcat', {}, topology).specHash).not.toBe(node('tomcat').specHash);
  });

  it('leave the service alone where only the image is another', () => {
    const topology = {
      ...shop,
      nodes: shop.nodes.map((known) => (known === tomcat ? { ...tomcat, image: 'shop/tomcat:2' } : known)),
    };
    const [before, after] = [hashesOf(node('tomcat').objects), hashesOf(node('tomcat', {}, topology).objects)];
    expect(Object.keys(after).filter((key) => before[key] !== after[key])).toEqual(['Deployment/tomcat']);
  });

  it('change with the version of the AppSecret, in the nodes that read it', () => {
    const rotated = { identity: { appKey: 'AK0001', secretVersion: 2, apiUrl: 'http://souk.example:3000' } };
    expect(node('tomcat', rotated).specHash).not.toBe(node('tomcat').specHash);
    expect(node('mysql', rotated).specHash).toBe(node('mysql').specHash);
  });

  it('take the default of a parameter that was not filled in, and an empty text without one', () => {
    const topology = { ...shop, parameters: { adminEmail: { type: 'string' as const, default: 'root@localhost' } } };
    expect(JSON.stringify(node('tomcat', { parameters: {} }, topology))).toContain('root@localhost');
    expect(JSON.stringify(node('tomcat', { parameters: {} }))).toContain('"name":"ADMIN_EMAIL","value":""');
  });

  it('hold a secret parameter, and a credential of a cloud node, as something to be filled in', () => {
    const rds: TopologyNode = { serviceName: 'rds', category: 'cloud', cloud: { service: 'rds-mysql', plan: 'small' } };
    const reader = { ...tomcat, env: { LICENCE: '${param.licence}', DB: '${node.rds.uri}?${secret.dbPassword}' } };
    const topology = {
      ...shop,
      nodes: [reader, rds],
      arrows: [],
      parameters: { licence: { type: 'string' as const, secret: true } },
    };
    const secretOf = (version: number) =>
      node('tomcat', { cloudBindings: new Map([['rds', version]]), parameters: { licence: 'plain' } }, topology).objects[0]!;
    expect(secretOf(1).sealed).toEqual({
      DB: { template: '${node.rds.uri}?${secret.dbPassword}', bindings: { rds: 1 } },
      LICENCE: { template: '${param.licence}' },
    });
    expect(secretOf(2).hash).not.toBe(secretOf(1).hash);
    expect(JSON.stringify(node('tomcat', { parameters: { licence: 'plain' } }, topology))).not.toContain('plain');
  });
});

describe('A node', () => {
  const changed = (name: string, settings: Partial<TopologyNode>) => ({
    ...shop,
    nodes: shop.nodes.map((known) => (known.serviceName === name ? { ...known, ...settings } : known)),
  });
  const objectOf = (kind: string, name: string, topology: Topology, more: Partial<InstanceToRender> = {}) =>
    node(name, more, topology).objects.find(({ object }) => object.kind === kind)?.object;

  it('in more replicas has pods as before', () => {
    const template = (more: Partial<InstanceToRender>) =>
      (objectOf('Deployment', 'tomcat', shop, more)!['spec'] as { template: object }).template;
    expect(template({ scale: new Map([['tomcat', 5]]) })).toEqual(template({}));
    expect(node('tomcat', { scale: new Map([['tomcat', 5]]) }).replicas).toBe(5);
  });

  it('of a stopped instance has no pods, and everything else', () => {
    const [running, stopped] = [hashesOf(node('tomcat').objects), hashesOf(node('tomcat', { stopped: true }).objects)];
    expect(Object.keys(stopped).filter((key) => stopped[key] !== running[key])).toEqual(['Deployment/tomcat']);
    expect(node('tomcat', { stopped: true }).replicas).toBe(0);
    expect(renderInstance(toRender(shop, { stopped: true })).quota.settled).toEqual(renderInstance(toRender(shop)).quota.settled);
  });

  it('with an address of its own asks for it as its cluster is asked', () => {
    const topology = changed('tomcat', { serviceType: 'LoadBalancer' });
    const asked = (dialect?: LoadBalancerDialect) => {
      const { metadata, spec } = objectOf('Service', 'tomcat', topology, {
        addresses: new Map([['tomcat', '10.1.1.1']]),
        ...(dialect && { cluster: { loadBalancer: dialect } }),
      })!;
      return { ...metadata.annotations, ...(spec as object) };
    };
    expect(asked('metallb')).toHaveProperty(['metallb.io/loadBalancerIPs'], '10.1.1.1');
    expect(asked('kube-vip')).toHaveProperty(['kube-vip.io/loadbalancerIPs'], '10.1.1.1');
    expect(asked('loadBalancerIP')).toHaveProperty('loadBalancerIP', '10.1.1.1');
    expect(asked()).toHaveProperty('loadBalancerIP', '10.1.1.1');
  });

  it('with storage wants a cluster with a network file system', () => {
    const topology = changed('tomcat', { storage: [{ identifier: 'a', containerPath: '/a' }] });
    expect(() => renderInstance(toRender(topology))).toThrow(StorageWithoutNas);
  });

  it('of a preset with stable storage is a StatefulSet where it has storage only', () => {
    const stored = changed('mysql', { storage: [{ identifier: 'mysql', containerPath: '/var/lib/mysql' }] });
    const kindOf = (topology: Topology) =>
      node('mysql', { cluster: { nas: { storageClass: 'nas' } } }, topology).objects.at(-1)!.object.kind;
    expect([kindOf(shop), kindOf(stored)]).toEqual(['Deployment', 'StatefulSet']);
  });

  it('with a log directory asks for what its collector takes, too; an init node has none', () => {
    expect(node('tomcat', {}, changed('tomcat', { logDirectory: '/logs' })).requests).toEqual({ cpu: '110m', memory: '160Mi' });
    expect(node('schema', {}, changed('schema', { logDirectory: '/logs' })).specHash).toBe(node('schema').specHash);
  });

  it.each([
    ['https://logs.example/in?a+b', { kind: 'http', url: 'https://logs.example/in?a+b' }],
    ['loki+https://loki.example/loki/api/v1/push', { kind: 'loki', url: 'https://loki.example/loki/api/v1/push' }],
    ['elasticsearch+http://es:9200', { kind: 'elasticsearch', url: 'http://es:9200' }],
  ])('has its logs sent to %s', (text, destination) => {
    expect(text).toMatch(logDestinationPattern);
    expect(logDestinationOf(text)).toEqual(destination);
  });

  it.each(['', 'ftp://x', 'https://user:password@x', 'loki+x', 'https://x\nName http'])(
    'has its logs sent nowhere by %j',
    (text) => {
      expect(text).not.toMatch(logDestinationPattern);
    },
  );

  it('sends its logs where it is said, and shows the token of the platform to nobody else', () => {
    const topology = changed('tomcat', { logDirectory: '/logs' });
    const logging = (logs?: LogDestination) => {
      const { surroundings, nodes } = renderInstance(toRender(topology, logs && { logs }));
      const data = surroundings.find(({ object }) => object.kind === 'ConfigMap')!.object['data'] as Record<string, string>;
      const output = data['fluent-bit.conf']!.split('[OUTPUT]')[1]!.trim().split(/\n\s*/);
      return { output, hasToken: JSON.stringify([surroundings, nodes]).includes('souk-logs') && surroundings.some(isLogSecret) };
    };
    const isLogSecret = ({ object }: RenderedObject) => object.metadata.name === 'souk-logs';
    expect(logging()).toMatchObject({
      output: expect.arrayContaining(['URI /open/v1/logs', 'Header Authorization Bearer ${SOUK_LOG_BEARER}']) as string[],
      hasToken: true,
    });
    const loki = logging({ kind: 'loki', url: 'https://loki.example/loki/api/v1/push' });
    expect(loki.output).toEqual([
      ...['Name loki', 'Match *', 'Host loki.example', 'Port 443', 'tls On', 'tls.verify On', 'Retry_Limit 20'],
      'Uri /loki/api/v1/push',
      `Labels app=${ids.appId}, instance=${ids.instanceId}, node=\${SOUK_NODE}`,
    ]);
    expect(loki.hasToken).toBe(false);
    const elasticsearch = logging({ kind: 'elasticsearch', url: 'http://es.example:9200/' });
    expect(elasticsearch.output).toEqual(expect.arrayContaining(['Name es', 'Host es.example', 'Port 9200', 'Index souk-logs']));
    const http = logging({ kind: 'http', url: 'http://logs.example/in?k=v' });
    expect(http.output).toEqual(expect.arrayContaining(['Name http', 'Port 80', 'URI /in?k=v']));
    expect(http.hasToken).toBe(false);
  });
});

describe('The claim of an instance', () => {
  const claim = (size: string, storageClass = 'nas') => {
    const topology = {
      ...shop,
      nodes: [{ ...tomcat, env: {}, storage: [{ identifier: 'a', containerPath: '/a', size }] }],
      arrows: [],
    };
    const { surroundings } = renderInstance(toRender(topology, { cluster: { nas: { storageClass } } }));
    return surroundings.find(({ object }) => object.kind === 'PersistentVolumeClaim')!.object;
  };
  const asks = (object: ClusterObject) =>
    (object['spec'] as { resources: { requests: { storage: string } } }).resources.requests.storage;

  const claimed = (storageClassName: string, storage: string) => ({
    spec: { storageClassName, resources: { requests: { storage } } },
  });

  it('grows, and never shrinks', () => {
    expect(asks(asClaimed(claim('2Gi'), claim('1Gi')))).toBe('2Gi');
    expect(asks(asClaimed(claim('1Gi'), claim('2Gi')))).toBe('2Gi');
    expect(asks(asClaimed(claim('1Gi'), undefined))).toBe('1Gi');
  });

  it('stays in the storage class that it was made in', () => {
    expect(asClaimed(claim('2Gi', 'other'), claim('1Gi'))).toMatchObject(claimed('nas', '2Gi'));
    expect(asClaimed(claim('1Gi', 'other'), claim('2Gi'))).toMatchObject(claimed('nas', '2Gi'));
    expect(asClaimed(claim('1Gi', 'other'), undefined)).toMatchObject(claimed('other', '1Gi'));
  });

  it('holds every identifier once, at the largest size that is asked for it', () => {
    const storage = (identifier: string, size?: string) => ({
      identifier,
      containerPath: `/${identifier}`,
      ...(size && { size }),
    });
    const nodes = [
      { ...tomcat, storage: [storage('a', '3Gi'), storage('b')] },
      { ...schema, storage: [storage('a', '5Gi')] },
    ];
    expect(storageSizeOf(processesOf({ nodes }))).toBe(6 * 1024 ** 3);
  });
});
