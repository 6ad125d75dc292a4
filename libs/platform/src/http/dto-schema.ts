import { getMetadataStorage } from 'class-validator';
import { targetConstructorToSchema } from 'class-validator-jsonschema';
// The storage of `@Type` has no public door; the library's own documentation points here.
import { defaultMetadataStorage } from 'class-transformer/cjs/storage';

/** JSON Schema (draft 2020-12 vocabulary as far as Ajv and OpenAPI 3 share it). */
export interface JsonSchema {
  type?: string;
  properties?: Record<string, JsonSchema>;
  required?: string[];
  items?: JsonSchema;
  additionalProperties?: boolean | JsonSchema;
  $ref?: string;
  [keyword: string]: unknown;
}

export type DtoClass = abstract new () => object;

interface MetadataStorage {
  readonly validationMetadatas: ReadonlyMap<DtoClass, unknown>;
}

/** Every class that has class-validator decorators. */
export function dtoClasses(): DtoClass[] {
  return [...(getMetadataStorage() as unknown as MetadataStorage).validationMetadatas.keys()];
}

/**
 * The JSON Schema of a DTO, derived from its class-validator decorators: the one description for validation and OpenAPI.
 * Nested DTOs are inlined, unknown fields are refused at every level.
 */
export function schemaOf(dto: DtoClass): JsonSchema {
  const known = new Map(dtoClasses().map((type) => [type.name, type]));
  return inline(rawSchema(dto), known);
}

function rawSchema(dto: DtoClass): JsonSchema {
  const schema = targetConstructorToSchema(dto, {
    classTransformerMetadataStorage: defaultMetadataStorage,
    refPointerPrefix: '#/',
  }) as JsonSchema;
  return { ...schema, additionalProperties: false };
}

function inline(schema: JsonSchema, known: ReadonlyMap<string, DtoClass>): JsonSchema {
  if (schema.$ref) {
    const name = schema.$ref.slice(2);
    const dto = known.get(name);
    if (!dto) throw new Error(`no DTO class "${name}"`);
    return inline(rawSchema(dto), known);
  }
  return {
    ...schema,
    // class-validator keeps the expression itself; JSON Schema wants its source.
    ...(schema['pattern'] instanceof RegExp && { pattern: schema['pattern'].source }),
    ...(schema.properties && {
      properties: Object.fromEntries(Object.entries(schema.properties).map(([key, value]) => [key, inline(value, known)])),
    }),
    ...(schema.items && { items: inline(schema.items, known) }),
    ...(typeof schema.additionalProperties === 'object' && { additionalProperties: inline(schema.additionalProperties, known) }),
  };
}
