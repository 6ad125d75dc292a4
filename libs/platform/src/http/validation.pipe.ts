import { type ArgumentMetadata, Injectable, type PipeTransform } from '@nestjs/common';
import { pointerSegment, type Problem } from '@souk/event-sourcing';
import { Ajv, type ErrorObject, type Options, type ValidateFunction } from 'ajv';
import addFormats from 'ajv-formats';
import { type DtoClass, dtoClasses, schemaOf } from './dto-schema';
import { InvalidInput } from './errors';

/**
 * Checks bodies and queries against the JSON Schema of their DTO class, compiled once. Query strings are coerced to the declared types.
 * All problems at once, with JSON pointers (RFC 6901) and stable codes.
 */
@Injectable()
export class ValidationPipe implements PipeTransform {
  private readonly bodies = compilers({});
  private readonly queries = compilers({ coerceTypes: 'array' });
  private readonly validators = new Map<unknown, Validators | undefined>();

  transform(value: unknown, { type, metatype }: ArgumentMetadata): unknown {
    if (type !== 'body' && type !== 'query') return value;
    const validators = this.validatorsOf(metatype, type);
    if (!validators) return value;
    const input = value ?? {};
    const problems = problemsIn(input, validators);
    if (problems.length === 0) return input;
    throw new InvalidInput(problems, type === 'query' ? 'query' : 'body');
  }

  private validatorsOf(metatype: unknown, type: 'body' | 'query'): Validators | undefined {
    if (this.validators.has(metatype)) return this.validators.get(metatype);
    const dto = dtoClasses().find((known) => known === metatype || (isClass(metatype) && metatype.prototype instanceof known));
    const { quick, thorough } = type === 'query' ? this.queries : this.bodies;
    const schema = dto && schemaOf(metatype as DtoClass);
    const validators = schema && { quick: quick.compile(schema), thorough: thorough.compile(schema) };
    this.validators.set(metatype, validators);
    return validators;
  }
}

interface Validators {
  /** Stops at the first problem. */
  readonly quick: ValidateFunction;
  readonly thorough: ValidateFunction;
}

function compilers(options: Options): { readonly quick: Ajv; readonly thorough: Ajv } {
  const make = (allErrors: boolean): Ajv => {
    const ajv = new Ajv({ allErrors, strict: false, ...options });
    addFormats(ajv);
    return ajv;
  };
  return { quick: make(false), thorough: make(true) };
}

/** Values of a body up to which every problem is looked for; a larger one that is wrong costs no more than its first problem. */
const THOROUGH_UP_TO = 5_000;
const MOST_PROBLEMS = 100;
/** Levels of nesting; no document of this API has ten. */
const DEEPEST = 50;

function problemsIn(input: unknown, { quick, thorough }: Validators): Problem[] {
  const size = { left: THOROUGH_UP_TO };
  const problems: Problem[] = [];
  findOddText(input, '', size, problems);
  if (quick(input)) return problems;
  const validate = size.left > 0 ? thorough : quick;
  validate(input);
  const errors = (validate.errors ?? []).filter(({ schemaPath }) => !/\/oneOf\/\d/.test(schemaPath));
  return [...problems, ...errors.map((error) => problemOf(error))].slice(0, MOST_PROBLEMS);
}

/** NUL characters and halves of surrogate pairs: no text that a file, a container or another store would take. */
function findOddText(value: unknown, pointer: string, size: { left: number }, problems: Problem[], depth = 0): void {
  size.left--;
  if (depth > DEEPEST)
    throw new InvalidInput([{ code: 'too-deep', pointer: '', message: `is nested more than ${DEEPEST} levels deep` }]);
  if (typeof value === 'string') {
    if (problems.length < MOST_PROBLEMS && isOdd(value))
      problems.push({ code: 'wrong-format', pointer, message: 'must be well-formed text without NUL characters' });
  } else if (Array.isArray(value)) {
    value.forEach((element, i) => findOddText(element, `${pointer}/${i}`, size, problems, depth + 1));
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, member] of Object.entries(value)) {
      findOddText(member, `${pointer}/${pointerSegment(key)}`, size, problems, depth + 1);
      if (isOdd(key)) problems.push({ code: 'wrong-format', pointer, message: 'has a name that is no well-formed text' });
    }
  }
}

const isOdd = (text: string): boolean => text.includes('\0') || !text.isWellFormed();

const isClass = (value: unknown): value is DtoClass => typeof value === 'function';

const codes: Readonly<Record<string, string>> = {
  required: 'required',
  additionalProperties: 'unknown-field',
  type: 'wrong-type',
  enum: 'not-one-of',
  const: 'not-one-of',
  pattern: 'wrong-format',
  format: 'wrong-format',
  minLength: 'too-short',
  maxLength: 'too-long',
  minimum: 'too-small',
  exclusiveMinimum: 'too-small',
  maximum: 'too-large',
  exclusiveMaximum: 'too-large',
  minItems: 'too-few',
  maxItems: 'too-many',
  maxProperties: 'too-many',
  uniqueItems: 'not-unique',
  oneOf: 'wrong-format',
};

function problemOf({ keyword, instancePath, params, message }: ErrorObject): Problem {
  const { missingProperty, additionalProperty, allowedValues, propertyName } = params as Record<string, unknown>;
  const child = missingProperty ?? additionalProperty ?? propertyName;
  const pointer = typeof child === 'string' ? `${instancePath}/${pointerSegment(child)}` : instancePath;
  const code = codes[keyword] ?? 'invalid';
  if (keyword === 'required') return { code, pointer, message: `"${String(child)}" is required` };
  if (keyword === 'additionalProperties') return { code, pointer, message: `"${String(child)}" is not a known field` };
  // The one choice that there is: class-validator's moments. How neither of them fits need not be told.
  if (keyword === 'oneOf') return { code, pointer, message: 'must be a date or a moment: 2026-03-01, 2026-03-01T12:00:00Z' };
  if (Array.isArray(allowedValues))
    return { code, pointer, message: `must be one of ${allowedValues.map((v) => `"${String(v)}"`).join(', ')}` };
  return { code, pointer, message: message ?? 'is not valid' };
}
