import {
  duplicateValue,
  type FieldProblem,
  forbiddenField,
  invalidValue,
  requiredValue,
  unsupportedValue,
} from '../objects/api-error';
import { isObject, type Json, type JsonObject } from '../objects/json';
import { type Container, type PodSpec } from '../objects/workloads';
import { keyProblems } from './names';

/** What is wrong with a container beside its name, image, environment, ports and mounts: its probes, and what it asks of its host. */
export const conductProblems = (container: Container, at: string): FieldProblem[] => [
  ...PROBES.flatMap((name) =>
    probeProblems((container as unknown as JsonObject)[name], `${at}.${name}`, name !== 'readinessProbe'),
  ),
  ...securityProblems(container, `${at}.securityContext`),
  ...portNameProblems(container, `${at}.ports`),
  ...subPathProblems(container, `${at}.volumeMounts`),
];

const PROBES = ['livenessProbe', 'readinessProbe', 'startupProbe'];
const HANDLERS = ['exec', 'httpGet', 'tcpSocket', 'grpc'];
const SECONDS = ['initialDelaySeconds', 'timeoutSeconds', 'periodSeconds', 'successThreshold', 'failureThreshold'];

const probeProblems = (probe: Json | undefined, at: string, succeedsOnce: boolean): FieldProblem[] => {
  if (!isObject(probe)) return [];
  const [first, ...others] = HANDLERS.filter((handler) => probe[handler] !== undefined && probe[handler] !== null);
  const negative = SECONDS.filter((field) => (probe[field] as number) < 0);
  return [
    ...(first === undefined ? [requiredValue(at, 'must specify a handler type')] : handlerProblems(first, probe[first], at)),
    ...others.map((handler) => forbiddenField(`${at}.${handler}`, 'may not specify more than 1 handler type')),
    ...negative.map((field) => invalidValue(`${at}.${field}`, probe[field], 'must be greater than or equal to 0')),
    ...(succeedsOnce && probe.successThreshold !== 1
      ? [invalidValue(`${at}.successThreshold`, probe.successThreshold, 'must be 1')]
      : []),
  ];
};

const handlerProblems = (handler: string, value: Json | undefined, at: string): FieldProblem[] => {
  const fields = isObject(value) ? value : {};
  if (handler === 'exec')
    return Array.isArray(fields.command) && fields.command.length > 0 ? [] : [requiredValue(`${at}.exec.command`)];
  const { port } = fields;
  const fits = typeof port === 'string' || (typeof port === 'number' && port >= 1 && port <= 65_535);
  return [
    ...(fits ? [] : [invalidValue(`${at}.${handler}.port`, port ?? 0, 'must be between 1 and 65535, inclusive')]),
    ...(handler === 'httpGet' && !fields.path ? [requiredValue(`${at}.httpGet.path`)] : []),
  ];
};

const securityProblems = ({ securityContext = {} }: Container, at: string): FieldProblem[] => {
  const { privileged, allowPrivilegeEscalation, capabilities, runAsUser } = securityContext;
  const cannot = (what: string): FieldProblem =>
    invalidValue(at, securityContext, `cannot set \`allowPrivilegeEscalation\` to false and ${what}`);
  return [
    ...(runAsUser !== undefined && runAsUser < 0
      ? [invalidValue(`${at}.runAsUser`, runAsUser, 'must be between 0 and 2147483647, inclusive')]
      : []),
    ...(allowPrivilegeEscalation === false && privileged ? [cannot('`privileged` to true')] : []),
    ...(allowPrivilegeEscalation === false && capabilities?.add?.includes('CAP_SYS_ADMIN')
      ? [cannot('`capabilities.Add` CAP_SYS_ADMIN')]
      : []),
  ];
};

/** IANA service names. */
const PORT_NAME = /^(?=.{1,15}$)(?=.*[a-z])(?!.*--)[a-z0-9]([a-z0-9-]*[a-z0-9])?$/;

const portNameProblems = ({ ports = [] }: Container, at: string): FieldProblem[] =>
  ports.flatMap(({ name }, index) => {
    if (name === undefined) return [];
    const field = `${at}[${index}].name`;
    if (!PORT_NAME.test(name)) return [invalidValue(field, name, 'must be an IANA service name of no more than 15 characters')];
    return ports.findIndex((other) => other.name === name) < index ? [duplicateValue(field, name)] : [];
  });

const subPathProblems = ({ volumeMounts = [] }: Container, at: string): FieldProblem[] =>
  volumeMounts.flatMap(({ subPath }, index) => {
    if (subPath === undefined) return [];
    const field = `${at}[${index}].subPath`;
    if (subPath.startsWith('/')) return [invalidValue(field, subPath, 'must be a relative path')];
    return subPath.split('/').includes('..') ? [invalidValue(field, subPath, "must not contain '..'")] : [];
  });

const SPREADS = ['DoNotSchedule', 'ScheduleAnyway'];
const OPERATORS = ['DoesNotExist', 'Exists', 'Gt', 'In', 'Lt', 'NotIn'];

/** What is wrong with where pods may be. */
export const placementProblems = ({ topologySpreadConstraints = [], affinity }: PodSpec, field: string): FieldProblem[] => {
  const spreads = topologySpreadConstraints.flatMap(({ maxSkew, topologyKey, whenUnsatisfiable }, index) => {
    const at = `${field}.topologySpreadConstraints[${index}]`;
    const isDouble =
      topologySpreadConstraints.findIndex(
        (other) => other.topologyKey === topologyKey && other.whenUnsatisfiable === whenUnsatisfiable,
      ) < index;
    return [
      ...(maxSkew > 0 ? [] : [invalidValue(`${at}.maxSkew`, maxSkew, 'must be greater than zero')]),
      ...(topologyKey ? [] : [requiredValue(`${at}.topologyKey`, 'can not be empty')]),
      ...(SPREADS.includes(whenUnsatisfiable) ? [] : [unsupportedValue(`${at}.whenUnsatisfiable`, whenUnsatisfiable, SPREADS)]),
      ...(isDouble ? [duplicateValue(`${at}.{topologyKey, whenUnsatisfiable}`, `{${topologyKey}, ${whenUnsatisfiable}}`)] : []),
    ];
  });
  const terms = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  const at = `${field}.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms`;
  const expressions = terms.flatMap(({ matchExpressions = [] }, term) =>
    matchExpressions.flatMap(({ key, operator, values = [] }, index) => {
      const where = `${at}[${term}].matchExpressions[${index}]`;
      const wantsValues = operator === 'In' || operator === 'NotIn';
      return [
        ...keyProblems(key, `${where}.key`),
        ...(OPERATORS.includes(operator) ? [] : [invalidValue(`${where}.operator`, operator, 'not a valid selector operator')]),
        ...(wantsValues && values.length === 0
          ? [requiredValue(`${where}.values`, "must be specified when `operator` is 'In' or 'NotIn'")]
          : []),
      ];
    }),
  );
  return [...spreads, ...expressions];
};
