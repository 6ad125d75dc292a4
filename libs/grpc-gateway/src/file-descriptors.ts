import { relative } from 'node:path';
import { protoDirectory } from '@souk/contracts';
import { Enum, type Field, MapField, type ReflectionObject, type Service, Type } from 'protobufjs';
import {
  FileDescriptorProto,
  type IDescriptorProto,
  type IFieldDescriptorProto,
  type IFileDescriptorProto,
} from 'protobufjs/ext/descriptor';
import { jsonName } from './json-codec';

/**
 * The proto files of these services and of everything that their messages are made of, as google.protobuf.FileDescriptorProto: without
 * comments and options. (What protobufjs can write itself has neither imports nor names of map entries, which strict readers insist on.)
 */
export function fileDescriptorsOf(services: Iterable<Service>): Buffer[] {
  const files = new Files();
  for (const service of services) files.addService(service);
  return files.written();
}

/** Of google.protobuf.FieldDescriptorProto. */
const types: Readonly<Record<string, number>> = { double: 1, int64: 3, int32: 5, bool: 8, string: 9, bytes: 12 };
const MESSAGE = 11;
const ENUM = 14;
const OPTIONAL = 1;
const REPEATED = 3;

/** protobufjs brings these itself, and forgets where they are from. */
const built: Readonly<Record<string, string>> = { Empty: 'google/protobuf/empty.proto' };
const STRUCT = 'google/protobuf/struct.proto';

type File = Required<Pick<IFileDescriptorProto, 'name' | 'package' | 'messageType' | 'enumType' | 'service'>> & {
  readonly dependencies: Set<string>;
};

class Files {
  private readonly files = new Map<string, File>();
  private readonly added = new Set<ReflectionObject>();

  addService(service: Service): void {
    const file = this.fileOf(service);
    file.service.push({
      name: service.name,
      method: service.methodsArray.map(({ name, resolvedRequestType, resolvedResponseType, responseStream }) => ({
        name,
        inputType: this.use(resolvedRequestType!, file),
        outputType: this.use(resolvedResponseType!, file),
        serverStreaming: responseStream ?? false,
      })),
    });
  }

  written(): Buffer[] {
    return [...this.files.values()].map(({ dependencies, ...file }) => {
      const message = FileDescriptorProto.fromObject({ ...file, syntax: 'proto3', dependency: [...dependencies] });
      return Buffer.from(FileDescriptorProto.encode(message).finish());
    });
  }

  /** The name of the type, which the file imports if it is not its own. */
  private use(type: Type | Enum, by: File): string {
    const file = this.fileOf(type);
    if (file !== by) by.dependencies.add(file.name);
    if (!this.added.has(type)) {
      this.added.add(type);
      if (type instanceof Enum) file.enumType.push(enumDescriptor(type));
      else file.messageType.push(this.messageDescriptor(type, file));
    }
    return type.fullName;
  }

  private messageDescriptor(type: Type, file: File): IDescriptorProto {
    return {
      name: type.name,
      field: type.fieldsArray.map((field) => this.fieldDescriptor(field, file)),
      nestedType: type.fieldsArray.flatMap((field) => (field instanceof MapField ? [this.entryDescriptor(field, file)] : [])),
      oneofDecl: type.oneofsArray.map(({ name }) => ({ name })),
    };
  }

  private fieldDescriptor(field: Field, file: File): IFieldDescriptorProto {
    const { id: number, partOf, parent } = field;
    const common = { name: snakeCase(field.name), jsonName: jsonName(field), number };
    if (field instanceof MapField)
      return { ...common, label: REPEATED, type: MESSAGE, typeName: `${parent!.fullName}.${entryName(field)}` };
    return {
      ...common,
      label: field.repeated ? REPEATED : OPTIONAL,
      ...this.kindOf(field, file),
      ...(partOf && { oneofIndex: (parent as Type).oneofsArray.indexOf(partOf) }),
      ...(field.options?.['proto3_optional'] === true && { proto3Optional: true }),
    };
  }

  private entryDescriptor(field: MapField, file: File): IDescriptorProto {
    return {
      name: entryName(field),
      field: [
        { name: 'key', number: 1, label: OPTIONAL, type: types[field.keyType]! },
        { name: 'value', number: 2, label: OPTIONAL, ...this.kindOf(field as unknown as Field, file) },
      ],
      options: { mapEntry: true },
    };
  }

  private kindOf({ type, resolvedType }: Field, file: File): { type: number; typeName?: string } {
    if (!resolvedType) return { type: types[type]! };
    return { type: resolvedType instanceof Type ? MESSAGE : ENUM, typeName: this.use(resolvedType, file) };
  }

  private fileOf({ name, filename, parent }: ReflectionObject): File {
    const path = filename ? relative(protoDirectory, filename) : (built[name] ?? STRUCT);
    const known = this.files.get(path);
    if (known) return known;
    const file: File = {
      name: path,
      package: parent!.fullName.slice(1),
      messageType: [],
      enumType: [],
      service: [],
      dependencies: new Set(),
    };
    this.files.set(path, file);
    return file;
  }
}

function enumDescriptor({ name, values }: Enum): { name: string; value: { name: string; number: number }[] } {
  return { name, value: Object.entries(values).map(([value, number]) => ({ name: value, number })) };
}

/** `body_sha256` has the entries `BodySha256Entry`. */
function entryName(field: Pick<Field, 'name'>): string {
  const name = jsonName(field);
  return `${name.charAt(0).toUpperCase()}${name.slice(1)}Entry`;
}

const snakeCase = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
