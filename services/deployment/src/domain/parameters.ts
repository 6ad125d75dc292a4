import { jsonPointer, type Problem } from '@souk/event-sourcing';
import { isValueOf, type Topology } from '@souk/topology';

/** What the buyer filled in: values of parameters, and for each supplied secret the name under which its value is stored. */
export interface FilledIn {
  readonly parameters: Readonly<Record<string, string>>;
  readonly secrets: Readonly<Record<string, string>>;
}

/** Everything that is missing, unknown or of the wrong type. Values of parameters may be personal: messages don't quote them. */
export function filledInProblems(topology: Topology, { parameters, secrets }: FilledIn): Problem[] {
  return [...parameterProblems(topology, parameters), ...secretProblems(topology, secrets)];
}

/** What an instance would lack in this topology: a version may ask for more than the one before it did. */
export function lackingProblems(
  topology: Topology,
  has: { readonly parameters: Readonly<Record<string, string>>; readonly secrets: readonly string[] },
): Problem[] {
  const secrets = Object.fromEntries(has.secrets.map((name) => [name, name]));
  return filledInProblems(topology, { parameters: has.parameters, secrets }).filter(({ code }) => !code.endsWith('-unknown'));
}

/** Names of the secrets that the buyer supplies. */
export function suppliedSecrets({ secrets }: Topology): string[] {
  return Object.keys(secrets).filter((name) => secrets[name]!.source === 'supplied');
}

function parameterProblems({ parameters: declared }: Topology, given: Readonly<Record<string, string>>): Problem[] {
  const problems: Problem[] = [];
  for (const [name, { required, type, default: preset }] of Object.entries(declared)) {
    const value = Object.hasOwn(given, name) ? given[name] : undefined;
    const pointer = jsonPointer('parameters', name);
    if (value === undefined && required && preset === undefined)
      problems.push({ code: 'parameter-missing', pointer, message: `parameter "${name}" has to be filled in` });
    if (value !== undefined && !isValueOf(type, value))
      problems.push({ code: 'parameter-wrong-type', pointer, message: `parameter "${name}" has to be a ${type}` });
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

function secretProblems(topology: Topology, given: Readonly<Record<string, string>>): Problem[] {
  const supplied = new Set(suppliedSecrets(topology));
  const missing = [...supplied].filter((name) => !Object.hasOwn(given, name));
  const unknown = Object.keys(given).filter((name) => !supplied.has(name));
  return [
    ...missing.map((name) => ({
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
