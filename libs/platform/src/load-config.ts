import 'reflect-metadata';
import { type ClassConstructor, plainToInstance } from 'class-transformer';
import { validateSync } from 'class-validator';

/** The environment does not fit. Names every variable that is wrong, and no value. */
export class InvalidConfig extends Error {
  constructor(readonly variables: readonly string[]) {
    super(`the configuration is not valid:\n${variables.map((line) => `  - ${line}`).join('\n')}`);
    this.name = new.target.name;
  }
}

/**
 * Reads a configuration class (class-validator decorators, defaults as initialisers, properties named like the variables) from the
 * environment: once, at boot, all problems together, never printing a value.
 */
export function loadConfig<T extends object>(type: ClassConstructor<T>, environment: NodeJS.ProcessEnv): T {
  const known = Object.keys(new type());
  const given = Object.fromEntries(known.flatMap((key) => (environment[key] ? [[key, environment[key]]] : [])));
  const config = plainToInstance(type, given, { enableImplicitConversion: true, exposeDefaultValues: true });
  const problems = validateSync(config, { skipMissingProperties: false, validationError: { target: false, value: false } });
  // As they are declared, those of base classes first.
  problems.sort((a, b) => known.indexOf(a.property) - known.indexOf(b.property));
  if (problems.length > 0)
    throw new InvalidConfig([...new Set(problems.flatMap(({ constraints }) => Object.values(constraints ?? {})))]);
  return config;
}
