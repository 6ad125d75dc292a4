import { type ArgumentMetadata, Injectable, type PipeTransform } from '@nestjs/common';
import { pointerSegment, type Problem } from '@souk/event-sourcing';
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import addFormats from 'ajv-formats';
import { type DtoClass, dtoClasses, schemaOf } from './dto-schema';
import { InvalidInput } from './errors';

/**
 * Checks bodies and queries against the JSON Schema of their DTO class, compiled once. Query strings are coerced to the declared types.
 * All problems at once, with JSON pointers (RFC 6901) and stable codes.
 */
@Injectable()
export class ValidationPipe implements PipeTransform {
  private readonly bodies = new Ajv({ allErrors: true, strict: false });
  private readonly queries = new Ajv({ allErrors: true, strict: false, coerceTypes: 'array' });
  private readonly validators = new Map<unknown, ValidateFunction | undefined>();

  constructor() {
    addFormats(this.bodies);
    addFormats(this.queries);
  }

  transform(value: unknown, { type, metatype }: ArgumentMetadata): unknown {
    if (type !== 'body' && type !== 'query') return value;
    const validate = this.validatorOf(metatype, type);
    if (!validate) return value;
    const input = value ?? {};
    if (validate(input)) return input;
    throw new InvalidInput(
      (validate.errors ?? []).map((error) => problemOf(error)),
      type === 'query' ? 'query' : 'body',
    );
  }

  private validatorOf(metatype: unknown, type: 'body' | 'query'): ValidateFunction | undefined {
    if (this.validators.has(metatype)) return this.validators.get(metatype);
    const dto = dtoClasses().find((known) => known === metatype || (isClass(metatype) && metatype.prototype instanceof known));
    const validator = dto && (type === 'query' ? this.queries : this.bodies).compile(schemaOf(metatype as DtoClass));
    this.validators.set(metatype, validator);
    return validator;
  }
}

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
  uniqueItems: 'not-unique',
};

function problemOf({ keyword, instancePath, params, message }: ErrorObject): Problem {
  const { missingProperty, additionalProperty, allowedValues, propertyName } = params as Record<string, unknown>;
  const child = missingProperty ?? additionalProperty ?? propertyName;
  const pointer = typeof child === 'string' ? `${instancePath}/${pointerSegment(child)}` : instancePath;
  const code = codes[keyword] ?? 'invalid';
  if (keyword === 'required') return { code, pointer, message: `"${String(child)}" is required` };
  if (keyword === 'additionalProperties') return { code, pointer, message: `"${String(child)}" is not a known field` };
  if (Array.isArray(allowedValues))
    return { code, pointer, message: `must be one of ${allowedValues.map((v) => `"${String(v)}"`).join(', ')}` };
  return { code, pointer, message: message ?? 'is not valid' };
}
