import {
  duplicateValue,
  type FieldProblem,
  invalidValue,
  requiredValue,
  unknownReference,
  unsupportedValue,
} from '../objects/api-error';
import { milliCpu, parseQuantity } from '../objects/quantity';
import { type Container, type PodSpec } from '../objects/workloads';
import { conductProblems, placementProblems } from './container-validation';
import { rfc1123Label, rfc1123Subdomain } from './names';

/**
 * What is wrong with the spec of a pod; `field` is where it stands (`spec`, `spec.template.spec`).
 * `claims` are volumes that its pods will have besides: the claim templates of a StatefulSet.
 */
export const podSpecProblems = (spec: PodSpec, field: string, claims: readonly string[] = []): FieldProblem[] => {
  const { containers = [], initContainers = [], volumes = [] } = spec as Partial<PodSpec>;
  const problems: FieldProblem[] = [];
  if (containers.length === 0) problems.push(requiredValue(`${field}.containers`));
  const seen = new Set<string>();
  for (const [list, items] of Object.entries({ initContainers, containers })) {
    items.forEach((container, index) => {
      const at = `${field}.${list}[${index}]`;
      problems.push(
        ...containerProblems(container, at, [...claims, ...volumes.map(({ name }) => name)], spec.hostNetwork ?? false),
      );
      if (seen.has(container.name)) problems.push(duplicateValue(`${at}.name`, container.name));
      seen.add(container.name);
    });
  }
  volumes.forEach((each, index) => {
    const { name, hostPath } = each;
    const volume = `${field}.volumes[${index}]`;
    const at = `${volume}.name`;
    problems.push(...labelName(name, at));
    if (volumes.findIndex((other) => other.name === name) < index) problems.push(duplicateValue(at, name));
    if (Object.keys(each).length < 2) problems.push(requiredValue(volume, 'must specify a volume type'));
    if (hostPath?.type && !HOST_PATH_TYPES.includes(hostPath.type))
      problems.push(unsupportedValue(`${volume}.hostPath.type`, hostPath.type, HOST_PATH_TYPES));
  });
  problems.push(...placementProblems(spec, field));
  const { restartPolicy } = spec;
  if (restartPolicy && !['Always', 'OnFailure', 'Never'].includes(restartPolicy)) {
    problems.push(unsupportedValue(`${field}.restartPolicy`, restartPolicy, ['Always', 'OnFailure', 'Never']));
  }
  if (spec.serviceAccountName && rfc1123Subdomain(spec.serviceAccountName)) {
    problems.push(
      invalidValue(`${field}.serviceAccountName`, spec.serviceAccountName, rfc1123Subdomain(spec.serviceAccountName)!),
    );
  }
  return problems;
};

const HOST_PATH_TYPES = [...['BlockDevice', 'CharDevice', 'Directory', 'DirectoryOrCreate', 'File', 'FileOrCreate', 'Socket']];

const labelName = (name: string | undefined, field: string): FieldProblem[] => {
  if (!name) return [requiredValue(field)];
  const why = rfc1123Label(name);
  return why ? [invalidValue(field, name, why)] : [];
};

const containerProblems = (container: Container, at: string, volumes: string[], hostNetwork: boolean): FieldProblem[] => {
  const problems = labelName(container.name, `${at}.name`);
  if (!container.image) problems.push(requiredValue(`${at}.image`));
  (container.env ?? []).forEach(({ name }, index) => {
    const field = `${at}.env[${index}].name`;
    if (!name) problems.push(requiredValue(field));
    // Since 1.30 anything printable but "=" is a name.
    else if (!/^[ -<>-~]+$/.test(name))
      problems.push(
        invalidValue(
          field,
          name,
          "a valid environment variable name must consist only of printable ASCII characters other than '='",
        ),
      );
  });
  (container.ports ?? []).forEach(({ containerPort, hostPort, protocol }, index) => {
    const field = `${at}.ports[${index}]`;
    problems.push(...portProblems(containerPort, `${field}.containerPort`));
    if (hostPort !== undefined) problems.push(...portProblems(hostPort, `${field}.hostPort`));
    if (hostNetwork && hostPort !== containerPort) {
      problems.push(invalidValue(`${field}.hostPort`, hostPort, 'must match `containerPort` when `hostNetwork` is true'));
    }
    if (protocol && !PROTOCOLS.includes(protocol)) problems.push(unsupportedValue(`${field}.protocol`, protocol, PROTOCOLS));
  });
  (container.volumeMounts ?? []).forEach(({ name, mountPath }, index) => {
    const field = `${at}.volumeMounts[${index}]`;
    if (!mountPath) problems.push(requiredValue(`${field}.mountPath`));
    else if ((container.volumeMounts ?? []).findIndex((other) => other.mountPath === mountPath) < index) {
      problems.push(invalidValue(`${field}.mountPath`, mountPath, 'must be unique'));
    }
    if (!volumes.includes(name)) problems.push(unknownReference(`${field}.name`, name));
  });
  return [...problems, ...resourceProblems(container, `${at}.resources`), ...conductProblems(container, at)];
};

export const PROTOCOLS = ['SCTP', 'TCP', 'UDP'];

export const portProblems = (port: number | undefined, field: string): FieldProblem[] => {
  if (port === undefined) return [requiredValue(field)];
  return port >= 1 && port <= 65535 ? [] : [invalidValue(field, port, 'must be between 1 and 65535, inclusive')];
};

const resourceProblems = ({ resources }: Container, at: string): FieldProblem[] => {
  const problems: FieldProblem[] = [];
  for (const list of ['limits', 'requests'] as const) {
    for (const [name, quantity] of Object.entries(resources?.[list] ?? {})) {
      if ((parseQuantity(quantity) ?? 0) < 0) {
        problems.push(invalidValue(`${at}.${list}[${name}]`, quantity, 'must be greater than or equal to 0'));
      }
    }
  }
  for (const [name, request] of Object.entries(resources?.requests ?? {})) {
    const limit = resources?.limits?.[name];
    if (limit !== undefined && milliCpu(request) > milliCpu(limit)) {
      problems.push(invalidValue(`${at}.requests`, request, `must be less than or equal to ${name} limit of ${limit}`));
    }
  }
  return problems;
};
