import { jsonPointer, type Problem } from '@souk/event-sourcing';
import { type Parameter, type Topology, valueFaults } from '@souk/topology';

/**
 * What the buyer filled in: values of parameters, and for each supplied secret and each parameter that is secret the name under which its
 * value is stored.
 */
export interface FilledIn {
  readonly parameters: Readonly<Record<string, string>>;
  readonly secrets: Readonly<Record<string, string>>;
}

/** Something that an instance keeps in the vault because its buyer supplied it. */
export interface Supplied {
  /** As the topology declares it, and the buyer gives it. */
  readonly name: string;
  /** Under which the instance keeps it. Parameters have a dot in it, which names of secrets have not. */
  readonly keptAs: string;
  readonly required: boolean;
  /** Of a parameter: what its value has to be. */
  readonly parameter?: Parameter;
}

/** Everything that is missing, unknown, or against its schema. Values of parameters may be personal: messages don't quote them. */
export function filledInProblems(topology: Topology, { parameters, secrets }: FilledIn): Problem[] {
  return [...parameterProblems(topology, parameters), ...secretProblems(topology, secrets)];
}

/** What an instance would lack in this topology: a version may ask for more than the one before it did. */
export function lackingProblems(
  topology: Topology,
  has: { readonly parameters: Readonly<Record<string, string>>; readonly secrets: readonly string[] },
): Problem[] {
  const kept = new Set(has.secrets);
  const given = suppliedSecrets(topology).filter(({ keptAs }) => kept.has(keptAs));
  const secrets = Object.fromEntries(given.map(({ name }) => [name, name]));
  const leftOver = new Set(['parameter-unknown', 'parameter-is-secret']);
  return filledInProblems(topology, { parameters: has.parameters, secrets }).filter(({ code }) => !leftOver.has(code));
}

/** What the buyer supplies under names of stored secrets. */
export function suppliedSecrets({ secrets, parameters }: Topology): Supplied[] {
  const ofSecrets = Object.entries(secrets).flatMap(([name, { source }]) =>
    source === 'supplied' ? [{ name, keptAs: name, required: true }] : [],
  );
  const ofParameters = Object.entries(parameters).flatMap(([name, parameter]) =>
    parameter.secret ? [{ name, keptAs: `param.${name}`, required: parameter.required ?? false, parameter }] : [],
  );
  return [...ofSecrets, ...ofParameters];
}

/** What a stored value has against the schema of the parameter that it is supplied for. */
export function suppliedValueProblems({ name, parameter }: Supplied, value: string): Problem[] {
  return parameter ? schemaProblems(name, parameter, value, jsonPointer('secrets', name)) : [];
}

function parameterProblems({ parameters: declared }: Topology, given: Readonly<Record<string, string>>): Problem[] {
  const problems: Problem[] = [];
  for (const [name, parameter] of Object.entries(declared)) {
    const value = Object.hasOwn(given, name) ? given[name] : undefined;
    const pointer = jsonPointer('parameters', name);
    if (parameter.secret) {
      if (value !== undefined) problems.push(isSecret(name, pointer));
    } else if (value !== undefined) problems.push(...schemaProblems(name, parameter, value, pointer));
    else if (parameter.required && parameter.default === undefined)
      problems.push({ code: 'parameter-missing', pointer, message: `parameter "${name}" has to be filled in` });
  }
  for (const name of Object.keys(given)) {
    if (Object.hasOwn(declared, name)) continue;
    problems.push({
      code: 'parameter-unknown',
      pointer: jsonPointer('parameters', name),
      message: `there is no parameter "${name}"`,
    });
  }
  return problems;
}

function schemaProblems(name: string, parameter: Parameter, value: string, pointer: string): Problem[] {
  return valueFaults(parameter, value).map(({ code, message }) => ({
    code: `parameter-${code}`,
    pointer,
    message: `parameter "${name}" ${message}`,
  }));
}

function isSecret(name: string, pointer: string): Problem {
  const how = 'store its value by PUT /v1/secrets/{name} and give that name under "secrets"';
  return { code: 'parameter-is-secret', pointer, message: `parameter "${name}" is secret: ${how}` };
}

function secretProblems(topology: Topology, given: Readonly<Record<string, string>>): Problem[] {
  const supplied = suppliedSecrets(topology);
  const names = new Set(supplied.map(({ name }) => name));
  const missing = supplied.filter(({ name, required }) => required && !Object.hasOwn(given, name));
  const unknown = Object.keys(given).filter((name) => !names.has(name));
  return [
    ...missing.map(({ name }) => ({
      code: 'secret-missing',
      pointer: jsonPointer('secrets', name),
      message: `secret "${name}" has to be supplied: store its value by PUT /v1/secrets/{name} and give that name`,
    })),
    ...unknown.map((name) => ({
      code: 'secret-unknown',
      pointer: jsonPointer('secrets', name),
      message: `there is no secret "${name}" that you supply`,
    })),
  ];
}
