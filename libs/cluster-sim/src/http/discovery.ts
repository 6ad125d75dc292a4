import { API_GROUPS, apiVersionOf, type Resource, RESOURCES } from '../objects/resources';

/** The Kubernetes version that the cluster claims to be. */
export const VERSION = {
  major: '1',
  minor: '32',
  gitVersion: 'v1.32.0+souk-cluster-sim',
  gitCommit: '',
  gitTreeState: 'clean',
  buildDate: '2025-01-01T00:00:00Z',
  goVersion: '',
  compiler: '',
  platform: 'linux/amd64',
};

export const apiVersions = (serverAddress: string): object => ({
  kind: 'APIVersions',
  versions: ['v1'],
  serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress }],
});

export const apiGroup = (name: string): object => {
  const version = { groupVersion: `${name}/v1`, version: 'v1' };
  return { name, versions: [version], preferredVersion: version };
};

export const apiGroupList = (): object => ({ kind: 'APIGroupList', apiVersion: 'v1', groups: API_GROUPS.map(apiGroup) });

const VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
const SUBRESOURCE_VERBS = ['get', 'patch', 'update'];

export const apiResourceList = (group: string, version: string): object => ({
  kind: 'APIResourceList',
  apiVersion: 'v1',
  groupVersion: group ? `${group}/${version}` : version,
  resources: RESOURCES.filter((resource) => resource.group === group).flatMap(describe),
});

const describe = (resource: Resource): object[] => {
  const { plural, singular, namespaced, kind, shortNames, inAll } = resource;
  const sub = (name: string, extra: object): object => ({
    name: `${plural}/${name}`,
    singularName: '',
    namespaced,
    kind,
    ...extra,
  });
  return [
    {
      name: plural,
      singularName: singular,
      namespaced,
      kind,
      verbs: VERBS,
      ...(shortNames.length > 0 ? { shortNames } : {}),
      ...(inAll ? { categories: ['all'] } : {}),
    },
    ...(resource.status ? [sub('status', { verbs: SUBRESOURCE_VERBS })] : []),
    ...(resource.scale ? [sub('scale', { group: 'autoscaling', version: 'v1', kind: 'Scale', verbs: SUBRESOURCE_VERBS })] : []),
    ...(kind === 'Pod'
      ? [sub('log', { verbs: ['get'] }), sub('eviction', { group: 'policy', version: 'v1', kind: 'Eviction', verbs: ['create'] })]
      : []),
  ];
};

const documentPath = (resource: Resource): string => (resource.group ? `apis/${apiVersionOf(resource)}` : 'api/v1');

/** Where the OpenAPI v3 documents are; kubectl looks here to learn what the server validates by itself. */
export const openApiIndex = (): object => ({
  paths: Object.fromEntries(
    RESOURCES.map(documentPath).map((path) => [path, { serverRelativeURL: `/openapi/v3/${path}?hash=${VERSION.gitVersion}` }]),
  ),
});

/**
 * The part of an OpenAPI v3 document that kubectl needs in order to apply: which kinds can be patched, and that the server
 * understands `fieldValidation`. Without it kubectl refuses to apply anything. It has no schemas, so `kubectl explain` finds nothing.
 */
export const openApiDocument = (path: string): object | undefined => {
  const resources = RESOURCES.filter((resource) => documentPath(resource) === path);
  if (resources.length === 0) return undefined;
  const parameters = ['dryRun', 'fieldManager', 'fieldValidation', 'force'].map((name) => ({
    name,
    in: 'query',
    schema: { type: name === 'force' ? 'boolean' : 'string' },
  }));
  const paths = resources.map((resource) => {
    const { group, version, kind, plural, namespaced } = resource;
    const operation = {
      'x-kubernetes-group-version-kind': { group, version, kind },
      parameters,
      responses: { 200: { description: 'OK' } },
    };
    const url = `/${path}/${namespaced ? 'namespaces/{namespace}/' : ''}${plural}/{name}`;
    return [url, { patch: { ...operation, 'x-kubernetes-action': 'patch' } }];
  });
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: VERSION.gitVersion },
    paths: Object.fromEntries(paths) as object,
    components: { schemas: {} },
  };
};
