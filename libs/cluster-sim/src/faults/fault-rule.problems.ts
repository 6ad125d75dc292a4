import { isObject } from '../objects/json';
import { FAULT_CODES, FAULT_VERBS, type Fault, TROUBLE_CODES, type FaultType, type FaultVerb, isFor } from './fault-rule';

/** What is wrong with a value, or `undefined`. */
type Check = (value: unknown) => string | undefined;

const text: Check = (value) => (typeof value === 'string' && value !== '' ? undefined : 'must be a text');
const bool: Check = (value) => (typeof value === 'boolean' ? undefined : 'must be true or false');
const amount: Check = (value) =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0 ? undefined : 'must be a number >= 0';
const count: Check = (value) => (Number.isInteger(value) && Number(value) >= 0 ? undefined : 'must be a whole number >= 0');
const share: Check = (value) => ((amount(value) ?? Number(value) > 1) ? 'must be a number between 0 and 1' : undefined);
const oneOf =
  (allowed: readonly (string | number)[]): Check =>
  (value) =>
    allowed.includes(value as string) ? undefined : `must be one of ${allowed.join(', ')}, not ${JSON.stringify(value)}`;
const someOf =
  (allowed: readonly string[]): Check =>
  (value) =>
    Array.isArray(value) && value.length > 0 && value.every((each) => allowed.includes(each as string))
      ? undefined
      : `must be a list of ${allowed.join(', ')}`;

type Checks = Readonly<Record<string, Check>>;

const FAULTS: Readonly<Record<FaultType, { readonly needed?: Checks; readonly optional?: Checks }>> = {
  status: { needed: { code: oneOf(FAULT_CODES) }, optional: { retryAfterSeconds: count, applied: bool } },
  timeout: { optional: { applied: bool } },
  reset: { optional: { applied: bool, afterBytes: count, afterEvents: count } },
  latency: { needed: { ms: amount } },
  stall: { optional: { afterEvents: count } },
  gone: { optional: { afterEvents: count } },
  closed: { optional: { afterEvents: count } },
  outage: { optional: { code: oneOf(TROUBLE_CODES) } },
};

const MATCH: Checks = {
  verbs: someOf(FAULT_VERBS),
  resource: text,
  namespace: text,
  name: text,
  subresource: text,
  client: text,
};

const isTime: Check = (value) =>
  typeof value === 'string' && !Number.isNaN(Date.parse(value)) ? undefined : 'must be a time in RFC 3339';

const RULE: Checks = {
  id: (value) => (typeof value === 'string' && /^[\w.-]{1,64}$/.test(value) ? undefined : 'must be 1 to 64 of A-Z a-z 0-9 _ . -'),
  setAt: isTime,
  probability: share,
  seed: count,
  times: count,
  skip: count,
  fromMs: amount,
  untilMs: amount,
};

/** Everything that is wrong with one rule of a fault plan, each problem beginning with the field. */
export const problemsOfFaultRule = (rule: unknown): string[] => {
  if (!isObject(rule)) return ['a rule is an object {match?, fault, probability?, seed?, times?, skip?, fromMs?, untilMs?}'];
  const { match, fault, ...others } = rule;
  const problems = problemsOfFields(others, RULE, '');
  if (match !== undefined)
    problems.push(...(isObject(match) ? problemsOfFields(match, MATCH, 'match.') : ['match must be an object']));
  problems.push(...problemsOfFault(fault));
  if (problems.length > 0) return problems;
  const { fromMs = 0, untilMs = Infinity } = others as { fromMs?: number; untilMs?: number };
  if (untilMs <= fromMs) problems.push('untilMs must be more than fromMs');
  return [...problems, ...problemsTogether(fault as unknown as Fault, match as { verbs?: FaultVerb[] } | undefined)];
};

/** Everything that is wrong with a plan; ids have to be different. */
export const problemsOfFaultPlan = (plan: unknown): string[] => {
  if (!Array.isArray(plan)) return ['faults must be a list of rules'];
  const problems = plan.flatMap((rule, index) => problemsOfFaultRule(rule).map((each) => `faults[${index}]: ${each}`));
  const ids = plan.map((rule) => (isObject(rule) ? rule.id : undefined)).filter((id) => id !== undefined);
  const twice = ids.find((id, index) => ids.indexOf(id) !== index);
  return twice === undefined ? problems : [...problems, `faults: the id ${JSON.stringify(twice)} is there twice`];
};

const problemsOfFault = (fault: unknown): string[] => {
  if (!isObject(fault)) return ['fault must be an object {type, …}'];
  const { type, ...details } = fault;
  const unknownType = oneOf(Object.keys(FAULTS))(type);
  if (unknownType) return [`fault.type ${unknownType}`];
  const { needed = {}, optional = {} } = FAULTS[type as FaultType];
  const missing = Object.keys(needed).filter((field) => details[field] === undefined);
  return [
    ...missing.map((field) => `fault.${field} is needed for "${type as FaultType}"`),
    ...problemsOfFields(details, { ...needed, ...optional }, 'fault.'),
  ];
};

/** What each part allows by itself, but not with the other. */
const problemsTogether = (fault: Fault, match: { verbs?: FaultVerb[] } | undefined): string[] => {
  if (fault.type === 'outage') return match ? ['match can not be given for "outage": it concerns every request'] : [];
  const wrong = (match?.verbs ?? []).filter((verb) => !isFor(fault, verb));
  const problems = wrong.length > 0 ? [`fault "${fault.type}" as given can not happen to: ${wrong.join(', ')}`] : [];
  if (fault.type === 'reset' && fault.afterBytes !== undefined && fault.afterEvents !== undefined)
    problems.push('fault.afterBytes and fault.afterEvents can not be given together');
  return problems;
};

const problemsOfFields = (given: Readonly<Record<string, unknown>>, checks: Checks, prefix: string): string[] =>
  Object.entries(given).flatMap(([field, value]) => {
    if (!Object.hasOwn(checks, field)) return [`unknown field "${prefix}${field}"`];
    const problem = value === undefined ? undefined : checks[field]!(value);
    return problem === undefined ? [] : [`${prefix}${field} ${problem}`];
  });
