import { type FieldProblem, invalidValue, requiredValue, unsupportedValue } from '../objects/api-error';
import { type ClusterRole, type ClusterRoleBinding } from '../objects/cluster-objects';
import { same } from '../objects/json';
import { type KubeObject } from '../objects/kube-object';

const GROUP = 'rbac.authorization.k8s.io';
const SUBJECTS = ['ServiceAccount', 'User', 'Group'];

export const clusterRoleProblems = (object: KubeObject): FieldProblem[] =>
  ((object as ClusterRole).rules ?? []).flatMap(({ verbs, apiGroups = [], resources = [], nonResourceURLs = [] }, index) => {
    const at = `rules[${index}]`;
    const about = (what: string, some: readonly string[], one: string): FieldProblem[] =>
      some.length > 0 || nonResourceURLs.length > 0
        ? []
        : [requiredValue(`${at}.${what}`, `resource rules must supply at least one ${one}`)];
    return [
      ...((verbs as string[] | undefined)?.length ? [] : [requiredValue(`${at}.verbs`, 'verbs must contain at least one value')]),
      ...about('apiGroups', apiGroups, 'api group'),
      ...about('resources', resources, 'resource'),
    ];
  });

/** What a client may have left out. */
interface Stated {
  readonly subjects?: ClusterRoleBinding['subjects'];
  readonly roleRef?: Partial<ClusterRoleBinding['roleRef']>;
}

/** Whom a role is given to may change; which role it is may not. */
export const clusterRoleBindingProblems = (object: KubeObject, before: KubeObject | undefined): FieldProblem[] => {
  const { subjects = [], roleRef: role = {} } = object as KubeObject & Stated;
  return [
    ...(role.apiGroup === GROUP ? [] : [unsupportedValue('roleRef.apiGroup', role.apiGroup ?? '', [GROUP])]),
    ...(role.kind === 'ClusterRole' ? [] : [unsupportedValue('roleRef.kind', role.kind ?? '', ['ClusterRole'])]),
    ...(role.name ? [] : [requiredValue('roleRef.name')]),
    ...subjects.flatMap(({ kind, name, namespace }, index) => [
      ...(name ? [] : [requiredValue(`subjects[${index}].name`)]),
      ...(SUBJECTS.includes(kind) ? [] : [unsupportedValue(`subjects[${index}].kind`, kind, SUBJECTS)]),
      ...(kind === 'ServiceAccount' && !namespace ? [requiredValue(`subjects[${index}].namespace`)] : []),
    ]),
    ...(before && !same((before as ClusterRoleBinding).roleRef, role)
      ? [invalidValue('roleRef', role, 'cannot change roleRef')]
      : []),
  ];
};
