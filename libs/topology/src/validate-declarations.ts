import { pointerSegment, type Problem } from '@souk/event-sourcing';
import { MAX_STEPS, patternOf, stepsOf, UnsupportedPattern } from './parameter-pattern';
import { isValueOf, valueFaults } from './parameter-value';
import { declaredNamePattern } from './references';
import type { Parameter, Topology } from './topology';

/** Steps of all patterns together: what a buyer fills in is held against all of them at once. */
const MAX_STEPS_TOGETHER = 4 * MAX_STEPS;

/** What is wrong with the parameters and secrets that a topology declares. */
export function declarationProblems({ parameters, secrets }: Topology): Problem[] {
  return Object.keys(parameters)
    .flatMap((name) => nameProblems(name, 'parameter', `/parameters/${pointerSegment(name)}`))
    .concat(
      Object.keys(secrets).flatMap((name) => nameProblems(name, 'secret', `/secrets/${pointerSegment(name)}`)),
      Object.entries(parameters).flatMap(([name, parameter]) =>
        schemaProblems(parameter, `/parameters/${pointerSegment(name)}`).concat(nameTaken(name, parameter, secrets)),
      ),
      writtenSecretsIn({ parameters }),
      patternsTogether(parameters),
    );
}

/** Values of secret parameters that stand in their declaration. They are never stored, not even in a draft, and not quoted. */
export function writtenSecretsIn({ parameters }: Pick<Topology, 'parameters'>): Problem[] {
  return Object.entries(parameters).flatMap(([name, parameter]) => {
    if (!parameter.secret) return [];
    return (['default', 'enum'] as const)
      .filter((field) => parameter[field] !== undefined)
      .map((field) => ({
        code: 'secret-literal',
        pointer: `/parameters/${pointerSegment(name)}/${field}`,
        message: `the parameter "${name}" is secret: its values are not written down, so it has no "${field}"`,
      }));
  });
}

function nameProblems(name: string, what: string, pointer: string): Problem[] {
  if (declaredNamePattern.test(name)) return [];
  return [
    {
      code: `${what}-name-invalid`,
      pointer,
      message: `${JSON.stringify(name)} is no name of a ${what}: 1 to 63 letters, digits, "_" and "-", beginning with a letter`,
    },
  ];
}

/** Buyers give the values of secret parameters and of supplied secrets in one place, by name. */
function nameTaken(name: string, { secret }: Parameter, secrets: Topology['secrets']): Problem[] {
  if (!secret || !Object.hasOwn(secrets, name)) return [];
  const message = `there is a secret "${name}" as well: a parameter that is secret needs a name of its own`;
  return [{ code: 'parameter-name-taken', pointer: `/parameters/${pointerSegment(name)}`, message }];
}

const fieldsOf = {
  string: ['pattern', 'format', 'minLength', 'maxLength'],
  number: ['minimum', 'maximum'],
  integer: ['minimum', 'maximum'],
  boolean: [],
} as const satisfies Readonly<Record<Parameter['type'], readonly (keyof Parameter)[]>>;

const typed = ['pattern', 'format', 'minLength', 'maxLength', 'minimum', 'maximum'] as const;

/** A schema says what its type can have, nothing that no value fits, and its default fits. */
function schemaProblems(parameter: Parameter, at: string): Problem[] {
  const { type, default: value, secret } = parameter;
  const allowed: readonly string[] = fieldsOf[type];
  const foreign = typed
    .filter((field) => parameter[field] !== undefined && !allowed.includes(field))
    .map((field) => ({
      code: 'parameter-schema-invalid',
      pointer: `${at}/${field}`,
      message: `"${field}" says nothing of a parameter of type "${type}"`,
    }));
  const unsound = [
    ...foreign,
    ...boundProblems(parameter, at),
    ...patternProblems(parameter, at),
    ...enumProblems(parameter, at),
  ];
  if (value === undefined || secret) return unsound;
  // What is unsound can't be held against anything.
  const faults =
    unsound.length === 0 ? valueFaults(parameter, value) : isValueOf(type, value) ? [] : valueFaults({ type }, value);
  return unsound.concat(
    faults.map(({ message }) => ({
      code: 'parameter-default-invalid',
      pointer: `${at}/default`,
      message: `the default ${JSON.stringify(value)} ${message}`,
    })),
  );
}

function boundProblems({ minLength, maxLength, minimum, maximum }: Parameter, at: string): Problem[] {
  const problems: Problem[] = [];
  const say = (field: string, message: string) =>
    problems.push({ code: 'parameter-schema-invalid', pointer: `${at}/${field}`, message });
  for (const [field, bound] of Object.entries({ minLength, maxLength }))
    if (bound !== undefined && !(Number.isSafeInteger(bound) && bound >= 0))
      say(field, `${bound} is no length: a whole number from 0 is allowed`);
  if (minLength !== undefined && maxLength !== undefined && minLength > maxLength)
    say('minLength', `no text has at least ${minLength} and at most ${maxLength} characters`);
  if (minimum !== undefined && maximum !== undefined && minimum > maximum)
    say('minimum', `no number is at least ${minimum} and at most ${maximum}`);
  return problems;
}

function patternProblems({ pattern }: Parameter, at: string): Problem[] {
  if (pattern === undefined) return [];
  try {
    patternOf(pattern);
    return [];
  } catch (error) {
    if (!(error instanceof UnsupportedPattern)) throw error;
    const message = `the pattern ${JSON.stringify(pattern)} is not taken: ${error.message}`;
    return [{ code: 'parameter-pattern-invalid', pointer: `${at}/pattern`, message }];
  }
}

function enumProblems({ enum: values, type, secret }: Parameter, at: string): Problem[] {
  if (!values || secret) return [];
  if (values.length === 0)
    return [{ code: 'parameter-schema-invalid', pointer: `${at}/enum`, message: 'an empty "enum" leaves no value to choose' }];
  const seen = new Set<string>();
  return values.flatMap((value, index): Problem[] => {
    const pointer = `${at}/enum/${index}`;
    const again = seen.has(value);
    seen.add(value);
    if (again) return [{ code: 'parameter-schema-invalid', pointer, message: `${JSON.stringify(value)} is there already` }];
    if (isValueOf(type, value)) return [];
    return [{ code: 'parameter-schema-invalid', pointer, message: `${JSON.stringify(value)} is no ${type}` }];
  });
}

function patternsTogether(parameters: Topology['parameters']): Problem[] {
  let steps = 0;
  for (const { pattern } of Object.values(parameters)) if (pattern !== undefined) steps += stepsOf(pattern);
  if (steps <= MAX_STEPS_TOGETHER) return [];
  const message = `all patterns together come to ${steps} steps, at most ${MAX_STEPS_TOGETHER} are allowed`;
  return [{ code: 'parameter-patterns-too-large', pointer: '/parameters', message }];
}
