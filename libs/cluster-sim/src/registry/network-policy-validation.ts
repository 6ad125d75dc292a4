import { isIP } from 'node:net';
import { type FieldProblem, forbiddenField, invalidValue, requiredValue, unsupportedValue } from '../objects/api-error';
import { isObject, type Json, type JsonObject } from '../objects/json';
import { type KubeObject } from '../objects/kube-object';
import { portProblems, PROTOCOLS } from './pod-validation';

const POLICY_TYPES = ['Egress', 'Ingress'];

export const networkPolicyProblems = (object: KubeObject): FieldProblem[] => {
  const spec = isObject(object.spec) ? object.spec : {};
  const types = Array.isArray(spec.policyTypes) ? spec.policyTypes : [];
  return [
    ...(isObject(spec.podSelector) ? [] : [requiredValue('spec.podSelector')]),
    ...types.flatMap((type, index) =>
      POLICY_TYPES.includes(type as string) ? [] : [unsupportedValue(`spec.policyTypes[${index}]`, type, POLICY_TYPES)],
    ),
    ...rulesIn(spec.ingress).flatMap((rule, index) => ruleProblems(rule, 'from', `spec.ingress[${index}]`)),
    ...rulesIn(spec.egress).flatMap((rule, index) => ruleProblems(rule, 'to', `spec.egress[${index}]`)),
  ];
};

const rulesIn = (list: Json | undefined): JsonObject[] => (Array.isArray(list) ? list.filter(isObject) : []);

const ruleProblems = (rule: JsonObject, side: 'from' | 'to', at: string): FieldProblem[] => [
  ...rulesIn(rule.ports).flatMap(({ port, endPort, protocol }, index) => {
    const field = `${at}.ports[${index}]`;
    return [
      ...(typeof port === 'number' ? portProblems(port, `${field}.port`) : []),
      ...(typeof protocol === 'string' && !PROTOCOLS.includes(protocol)
        ? [unsupportedValue(`${field}.protocol`, protocol, PROTOCOLS)]
        : []),
      ...(typeof endPort === 'number' && typeof port === 'number' && endPort < port
        ? [invalidValue(`${field}.endPort`, endPort, 'must be greater than or equal to `port`')]
        : []),
    ];
  }),
  ...rulesIn(rule[side]).flatMap((peer, index) => peerProblems(peer, `${at}.${side}[${index}]`)),
];

const peerProblems = ({ ipBlock, podSelector, namespaceSelector }: JsonObject, at: string): FieldProblem[] => {
  const selects = podSelector !== undefined || namespaceSelector !== undefined;
  if (!isObject(ipBlock)) return selects ? [] : [requiredValue(at, 'must specify a peer')];
  const except = Array.isArray(ipBlock.except) ? ipBlock.except : [];
  return [
    ...(selects ? [forbiddenField(at, 'may not specify both ipBlock and another peer')] : []),
    ...cidrProblems(ipBlock.cidr, `${at}.ipBlock.cidr`),
    ...except.flatMap((cidr, index) => cidrProblems(cidr, `${at}.ipBlock.except[${index}]`)),
  ];
};

const cidrProblems = (value: Json | undefined, field: string): FieldProblem[] => {
  const [address = '', bits = '', ...rest] = typeof value === 'string' ? value.split('/') : [];
  const longest = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1;
  const fits = rest.length === 0 && /^\d+$/.test(bits) && Number(bits) <= longest;
  return fits ? [] : [invalidValue(field, value, 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)')];
};
