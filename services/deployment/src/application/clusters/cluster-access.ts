import { type Access, type Kind, resourceTypes } from '@souk/kubernetes';
import { stringify } from 'yaml';

/** What is done with objects of a kind. */
type Use =
  /** Made, and changed to what is wanted; looked at again where somebody else was faster. */
  | 'apply'
  | 'list'
  /** Followed as they come and go. */
  | 'watch'
  | 'get'
  | 'delete'
  /** Removed only where it was left over of an instance that is gone. */
  | 'sweep';

/** Server-side apply is a patch to Kubernetes, and a create where nothing is there. */
const verbsOf: Readonly<Record<Use, readonly string[]>> = {
  apply: ['create', 'get', 'patch'],
  list: ['list'],
  watch: ['list', 'watch'],
  get: ['get'],
  delete: ['delete'],
  sweep: ['delete'],
};

/**
 * Everything that this platform does on a cluster, and the one place where that is said: registration asks a cluster whether it is allowed,
 * the role that owners grant is made from it, and `clusters.e2e` holds it against the calls that are made. A kind that is new in
 * `resourceTypes` wants a line here.
 */
const uses: Readonly<Record<Kind, readonly Use[]>> = {
  Namespace: ['apply', 'watch', 'delete'],
  Node: ['list'],
  Pod: ['watch', 'sweep'],
  Service: ['apply', 'watch', 'delete'],
  Secret: ['apply', 'watch', 'delete'],
  ConfigMap: ['apply', 'watch', 'delete'],
  ServiceAccount: ['apply', 'watch', 'sweep'],
  ResourceQuota: ['apply', 'watch', 'sweep'],
  PersistentVolumeClaim: ['apply', 'watch', 'sweep'],
  Deployment: ['apply', 'watch', 'delete'],
  StatefulSet: ['apply', 'watch', 'delete'],
  Job: ['apply', 'watch', 'delete'],
  NetworkPolicy: ['apply', 'watch', 'delete'],
  StorageClass: ['get'],
};

/** Parts of objects, by their paths, that are read beside them. */
const parts: readonly Access[] = [{ verb: 'get', group: '', resource: 'pods/log' }];

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

/** Every call, one for each verb. */
export function neededAccess(): Access[] {
  const ofKinds = Object.entries(uses).flatMap(([kind, of]) => {
    const { apiVersion, plural } = resourceTypes[kind as Kind];
    const group = apiVersion.includes('/') ? apiVersion.split('/')[0]! : '';
    return verbs(of).map((verb) => ({ verb, group, resource: plural }));
  });
  return [...ofKinds, ...parts];
}

/** `patch deployments.apps`, as `kubectl auth can-i` writes it. */
export const accessInWords = ({ verb, group, resource }: Access): string =>
  `${verb} ${resource}${group === '' ? '' : `.${group}`}`;

/** What an owner applies to a cluster, so that a token for this platform can do what it must and no more. YAML. */
export function clusterRoleManifest(): string {
  return [HEADER, ...manifests().map((object) => stringify(object, { lineWidth: 0, singleQuote: true }))].join('---\n');
}

const NAME = 'souk';
const NAMESPACE = 'souk-system';
const HEADER = `# The least that Souk needs on an edge cluster. Made from services/deployment/src/application/clusters/cluster-access.ts.
# How it becomes a kubeconfig: deploy/edge/README.md.
`;

function manifests(): object[] {
  const subjects = [{ kind: 'ServiceAccount', name: NAME, namespace: NAMESPACE }];
  const token = { 'kubernetes.io/service-account.name': NAME };
  return [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } },
    {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: NAME, namespace: NAMESPACE },
      automountServiceAccountToken: false,
    },
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: `${NAME}-token`, namespace: NAMESPACE, annotations: token },
      type: 'kubernetes.io/service-account-token',
    },
    { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: { name: NAME }, rules: rules() },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name: NAME },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: NAME },
      subjects,
    },
  ];
}

/** Resources of one group with the same verbs stand together. */
function rules(): Rule[] {
  const byResource = new Map<string, { group: string; resource: string; verbs: string[] }>();
  for (const { verb, group, resource } of neededAccess()) {
    const known = byResource.get(`${group}/${resource}`);
    if (known) known.verbs.push(verb);
    else byResource.set(`${group}/${resource}`, { group, resource, verbs: [verb] });
  }
  const together = new Map<string, Rule & { readonly resources: string[] }>();
  for (const { group, resource, verbs: all } of byResource.values()) {
    const key = `${group} ${all.join()}`;
    const known = together.get(key);
    if (known) known.resources.push(resource);
    else together.set(key, { apiGroups: [group], resources: [resource], verbs: all });
  }
  return [...together.values()];
}

const verbs = (of: readonly Use[]): string[] => [...new Set(of.flatMap((use) => verbsOf[use]))].sort();
