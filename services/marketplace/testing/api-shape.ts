import { isOptional, isRequired, jsonName } from '@souk/grpc-gateway';
import { type Field, MapField, Type } from 'protobufjs';

/** What a document of the API looks like, whoever says so. `any` is what nobody says more of. */
export type Shape =
  | { readonly kind: 'any' | 'string' | 'number' | 'boolean' }
  | { readonly kind: 'list' | 'map'; readonly of: Shape }
  | { readonly kind: 'object'; readonly fields: ReadonlyMap<string, FieldShape> };

interface FieldShape {
  readonly shape: Shape;
  readonly optional: boolean;
}

export const any: Shape = { kind: 'any' };

/** The shape of what is one of these: of objects, a field that is not in all of them is optional. */
export function merged(shapes: readonly Shape[]): Shape {
  const [first = any, ...others] = shapes;
  if (others.length === 0) return first;
  const lists = shapes.filter(isList);
  if (lists.length === shapes.length)
    return { kind: 'list', of: merged(lists.map(({ of }) => of).filter(({ kind }) => kind !== 'any')) };
  const objects = shapes.filter((shape) => shape.kind === 'object');
  if (objects.length < shapes.length) return shapes.every(({ kind }) => kind === first.kind) ? first : any;
  const names = new Set(objects.flatMap(({ fields }) => [...fields.keys()]));
  const fields = [...names].map((name) => {
    const found = objects.flatMap((object) => object.fields.get(name) ?? []);
    const optional = found.length < objects.length || found.some((field) => field.optional);
    return [name, { shape: merged(found.map(({ shape }) => shape)), optional }] as const;
  });
  return { kind: 'object', fields: new Map(fields) };
}

const isList = (shape: Shape): shape is Extract<Shape, { of: Shape }> => shape.kind === 'list';

export interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
}

/** Of a schema of an OpenAPI document. */
export function shapeOfSchema(schema: Schema, schemas: Readonly<Record<string, Schema>>): Shape {
  if (schema.$ref) return shapeOfSchema(schemas[schema.$ref.slice(schema.$ref.lastIndexOf('/') + 1)] ?? {}, schemas);
  const { type, items, properties, required = [], additionalProperties } = schema;
  if (type === 'array') return { kind: 'list', of: shapeOfSchema(items ?? {}, schemas) };
  if (type === 'integer' || type === 'number') return { kind: 'number' };
  if (type === 'string' || type === 'boolean') return { kind: type };
  if (typeof additionalProperties === 'object') return { kind: 'map', of: shapeOfSchema(additionalProperties, schemas) };
  if (!properties) return any;
  const fields = Object.entries(properties).map(([name, property]) => {
    return [name, { shape: shapeOfSchema(property, schemas), optional: !required.includes(name) }] as const;
  });
  return { kind: 'object', fields: new Map(fields) };
}

/** Where the messages of one type are used: what the API says of these places. */
interface Uses {
  readonly requests: Shape[];
  readonly answers: Shape[];
}

/** Holds messages against what the API says of the documents that they stand for. */
export class MessageComparison {
  private readonly uses = new Map<Type, Uses>();
  private readonly found: string[] = [];

  /** @param without fields of the message that are no part of the document */
  add(kind: keyof Uses, type: Type, shape: Shape, without: readonly string[] = []): void {
    if (shape.kind === 'any') return;
    if (shape.kind !== 'object') {
      this.found.push(`${type.fullName} stands for a ${shape.kind}`);
      return;
    }
    const uses = this.uses.get(type) ?? { requests: [], answers: [] };
    this.uses.set(type, uses);
    uses[kind].push(withoutFields(shape, type, without));
    for (const field of type.fieldsArray) {
      const its = shape.fields.get(jsonName(field));
      if (its && !without.includes(field.name)) this.addField(kind, field, its.shape);
    }
  }

  /** What does not fit, in words; both ways. */
  differences(): string[] {
    const differences = [...this.uses].flatMap(([type, uses]) => this.differencesOf(type, uses));
    return [...this.found, ...differences].sort();
  }

  private addField(kind: keyof Uses, field: Field, shape: Shape): void {
    const { resolvedType } = field;
    if (!(resolvedType instanceof Type) || resolvedType.fullName.startsWith('.google.')) return;
    const isMany = field.repeated || field instanceof MapField;
    if (!isMany) this.add(kind, resolvedType, shape);
    else if (shape.kind === 'list' || shape.kind === 'map') this.add(kind, resolvedType, shape.of);
  }

  private differencesOf(type: Type, { requests, answers }: Uses): string[] {
    const shape = merged([...requests, ...answers]);
    const request = merged(requests);
    if (shape.kind !== 'object') return [];
    const at = (name: string): string => `${type.fullName.slice(1)}.${name}`;
    const named = new Map(type.fieldsArray.map((field) => [jsonName(field), field]));
    const unnamed = [...shape.fields.keys()].filter((name) => !named.has(name));
    return [
      ...unnamed.map((name) => `${at(name)} is in the API, and not in the proto file`),
      ...[...named].flatMap(([name, field]) => {
        const its = shape.fields.get(name);
        if (!its) return [`${at(name)} is in the proto file, and not in the API`];
        const wanted = request.kind === 'object' && request.fields.get(name)?.optional === false;
        return [
          ...(fits(field, its.shape) ? [] : [`${at(name)} is a ${its.shape.kind} in the API`]),
          ...(!isScalar(field) || isOptional(field) === its.optional
            ? []
            : [`${at(name)} is ${its.optional ? '' : 'not '}optional`]),
          ...(requests.length === 0 || isRequired(field) === wanted ? [] : [`${at(name)} is ${wanted ? '' : 'not '}REQUIRED`]),
        ];
      }),
    ];
  }
}

function withoutFields(shape: Extract<Shape, { kind: 'object' }>, type: Type, without: readonly string[]): Shape {
  const pathFields = without.map((name) => [jsonName({ name }), { shape: { kind: 'string' }, optional: false }] as const);
  return { kind: 'object', fields: new Map([...shape.fields, ...pathFields]) };
}

const isScalar = (field: Field): boolean =>
  !field.repeated && !(field instanceof MapField) && !(field.resolvedType instanceof Type);

function fits(field: Field, shape: Shape): boolean {
  if (shape.kind === 'any') return true;
  if (field instanceof MapField) return shape.kind === 'map' && fitsSingle(field, shape.of);
  if (field.repeated) return shape.kind === 'list' && fitsSingle(field, shape.of);
  return fitsSingle(field, shape);
}

function fitsSingle({ type, resolvedType }: Field, shape: Shape): boolean {
  if (shape.kind === 'any') return true;
  switch (type) {
    case 'string':
      return shape.kind === 'string';
    case 'bool':
      return shape.kind === 'boolean';
    case 'int32':
    case 'int64':
    case 'double':
      return shape.kind === 'number';
    case 'google.protobuf.ListValue':
      return shape.kind === 'list';
    case 'google.protobuf.Struct':
      return shape.kind === 'map' || shape.kind === 'object';
    default:
      return resolvedType instanceof Type && shape.kind === 'object';
  }
}
