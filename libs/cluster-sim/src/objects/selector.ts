import { badRequest } from './api-error';
import { type KubeObject, type LabelSelector, type Labels } from './kube-object';

type Operator = 'In' | 'NotIn' | 'Exists' | 'DoesNotExist' | 'Gt' | 'Lt';

export interface Requirement {
  readonly key: string;
  readonly operator: Operator;
  readonly values: readonly string[];
}

export type Matcher = (object: KubeObject) => boolean;

export const meets = (labels: Labels, { key, operator, values }: Requirement): boolean => {
  const value = labels[key];
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    case 'Gt':
      return value !== undefined && Number(value) > Number(values[0]);
    case 'Lt':
      return value !== undefined && Number(value) < Number(values[0]);
  }
};

/** Does a selector of a spec (`matchLabels`, `matchExpressions`) select these labels? An empty one selects everything. */
export const selects = (selector: LabelSelector | undefined, labels: Labels | undefined): boolean => {
  const found = labels ?? {};
  const wanted = Object.entries(selector?.matchLabels ?? {});
  if (wanted.some(([key, value]) => found[key] !== value)) return false;
  return (selector?.matchExpressions ?? []).every(({ key, operator, values }) =>
    meets(found, { key, operator: operator as Operator, values: values ?? [] }),
  );
};

/** `a=b,c!=d,e in (f,g),h notin (i),j,!k`, the `labelSelector` of a request. */
export const parseLabelSelector = (text: string): Requirement[] => splitTerms(text).map(parseRequirement);

const NAME = '([A-Za-z0-9]([-A-Za-z0-9_./]*[A-Za-z0-9])?)';
const SET = new RegExp(`^${NAME}\\s+(in|notin)\\s*\\(([^()]*)\\)$`);
const COMPARISON = new RegExp(`^${NAME}\\s*(==|=|!=|>|<)\\s*([-A-Za-z0-9_.]*)$`);
const EXISTENCE = new RegExp(`^(!?)\\s*${NAME}$`);
const COMPARISONS: Readonly<Record<string, Operator>> = { '=': 'In', '==': 'In', '!=': 'NotIn', '>': 'Gt', '<': 'Lt' };

const parseRequirement = (term: string): Requirement => {
  const set = SET.exec(term);
  if (set) {
    const values = set[4]!.split(',').map((value) => value.trim());
    return { key: set[1]!, operator: set[3] === 'in' ? 'In' : 'NotIn', values };
  }
  const comparison = COMPARISON.exec(term);
  if (comparison) return { key: comparison[1]!, operator: COMPARISONS[comparison[3]!]!, values: [comparison[4]!] };
  const existence = EXISTENCE.exec(term);
  if (existence) return { key: existence[2]!, operator: existence[1] ? 'DoesNotExist' : 'Exists', values: [] };
  throw badRequest(`unable to parse requirement: found '${term}', expected: a key, and optionally an operator and values`);
};

/** Splits at the commas outside parentheses. */
const splitTerms = (text: string): string[] => {
  const terms: string[] = [];
  let depth = 0;
  let term = '';
  for (const char of text) {
    if (char === '(') depth++;
    if (char === ')') depth--;
    if (char === ',' && depth === 0) {
      terms.push(term.trim());
      term = '';
    } else term += char;
  }
  terms.push(term.trim());
  return terms.filter((each) => each !== '');
};

const FIELDS_OF: Readonly<Record<string, readonly string[]>> = {
  Pod: ['spec.nodeName', 'spec.restartPolicy', 'spec.schedulerName', 'spec.serviceAccountName', 'status.phase', 'status.podIP'],
  Event: [
    'involvedObject.kind',
    'involvedObject.namespace',
    'involvedObject.name',
    'involvedObject.uid',
    'involvedObject.apiVersion',
    'involvedObject.resourceVersion',
    'involvedObject.fieldPath',
    'reason',
    'reportingComponent',
    'source',
    'type',
  ],
  Namespace: ['status.phase'],
  Node: ['spec.unschedulable'],
  Secret: ['type'],
  Service: ['spec.clusterIP', 'spec.type'],
  ReplicaSet: ['status.replicas'],
  Job: ['status.successful'],
};

/** `metadata.name=x,status.phase!=Running`, the `fieldSelector` of a request, for this kind. */
export const parseFieldSelector = (text: string, kind: string): Matcher => {
  const known = ['metadata.name', 'metadata.namespace', ...(FIELDS_OF[kind] ?? [])];
  const terms = splitTerms(text).map((term) => {
    const match = /^([^=!]+?)\s*(==|=|!=)\s*(.*)$/.exec(term);
    if (!match) throw badRequest(`invalid selector: '${text}'; can't understand '${term}'`);
    const field = match[1]!;
    if (!known.includes(field)) throw badRequest(`field label not supported: ${field}`);
    return { field, equal: match[2] !== '!=', value: match[3]! };
  });
  return (object) => terms.every(({ field, equal, value }) => (fieldText(object, field) === value) === equal);
};

const fieldText = (object: KubeObject, field: string): string => {
  let value: unknown = object;
  for (const part of field === 'source' ? ['source', 'component'] : field.split('.')) {
    value = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[part] : undefined;
  }
  if (value === undefined && field === 'spec.unschedulable') return 'false';
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
};

/** Both selectors of a request as one test. */
export const requestMatcher = (kind: string, labelSelector: string | undefined, fieldSelector: string | undefined): Matcher => {
  const labels = parseLabelSelector(labelSelector ?? '');
  const fields = fieldSelector ? parseFieldSelector(fieldSelector, kind) : undefined;
  return (object) =>
    labels.every((requirement) => meets(object.metadata.labels ?? {}, requirement)) && (fields?.(object) ?? true);
};
