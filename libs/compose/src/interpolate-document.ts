import { below, type Report } from './finding';
import { interpolate, InvalidInterpolation } from './interpolation';
import { reservedCharacters } from './read-yaml';
import type { Slots } from './slots';
import { isExtension, isList, isMapping, type Mapping, type Value } from './value';

/** Characters that a document may have once its variables are filled in. */
const MAX_FILLED_IN = 4 * 1024 * 1024;

/**
 * A document with its variables filled in, in every text but in keys. A variable without value leaves a slot in the values of `environment` of a
 * service; elsewhere it is empty, as Compose has it, and reported.
 */
export function interpolateDocument(
  document: Mapping,
  environment: Readonly<Record<string, string>>,
  slots: Slots,
  report: Report,
): Mapping {
  for (const [name, value] of Object.entries(environment)) {
    if (reservedCharacters.test(value)) report.fatal('', 'character-reserved', `${JSON.stringify(name)} holds U+E000 or U+E001`);
  }
  return new Interpolation(environment, slots, report).document(document);
}

class Interpolation {
  private filledIn = 0;

  constructor(
    private readonly environment: Readonly<Record<string, string>>,
    private readonly slots: Slots,
    private readonly report: Report,
  ) {}

  document(document: Mapping): Mapping {
    return this.mapping(document, '', []);
  }

  private mapping(mapping: Mapping, at: string, path: readonly string[]): Mapping {
    const members = [...mapping].map(([key, value]): [string, Value] => {
      if (path.length === 0 && isExtension(key)) return [key, value];
      return [key, this.value(value, below(at, key), [...path, key])];
    });
    return new Map(members);
  }

  private value(value: Value, at: string, path: readonly string[]): Value {
    if (typeof value === 'string') return value.includes('$') ? this.text(value, at, path) : value;
    if (isList(value)) return value.map((entry, index) => this.value(entry, below(at, index), [...path, String(index)]));
    return isMapping(value) ? this.mapping(value, at, path) : value;
  }

  private text(text: string, at: string, path: readonly string[]): string {
    if (this.filledIn > MAX_FILLED_IN) return '';
    const isEnvironment = path[0] === 'services' && path[2] === 'environment' && path.length === 4;
    try {
      const result = interpolate(text, {
        value: (name) => (Object.hasOwn(this.environment, name) ? this.environment[name] : undefined),
        missing: (name, required) =>
          isEnvironment
            ? this.slots.open({ variable: name, required: required !== undefined })
            : this.missing(at, name, required),
      });
      this.filledIn += result.length;
      if (this.filledIn > MAX_FILLED_IN) {
        this.report.fatal(
          at,
          'document-too-large',
          `with its variables filled in, the document has more than ${MAX_FILLED_IN} characters`,
        );
      }
      return result;
    } catch (error) {
      if (!(error instanceof InvalidInterpolation)) throw error;
      this.report.problem(
        at,
        'variable-invalid',
        isEnvironment
          ? 'a dollar sign stands before something that is no variable; for the sign itself write "$$"'
          : error.message,
      );
      return text;
    }
  }

  private missing(at: string, name: string, required: string | undefined): string {
    // As the shell of whoever runs Compose has them: what lies there is not on the cluster.
    if (name === 'PWD') return '.';
    if (name === 'HOME') return '~';
    const hint = `give "${name}" in the environment of the import`;
    if (required !== undefined)
      this.report.problem(at, 'variable-required', `the variable "${name}" is not set: ${required}`, hint);
    else this.report.approximated(at, 'variable-unset', `the variable "${name}" is not set, so it is empty`, hint);
    return '';
  }
}
