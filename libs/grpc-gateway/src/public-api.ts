import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { protoDirectory } from '@souk/contracts';
import { common, type Method, type NamespaceBase, Root, Service, type Type } from 'protobufjs';
import descriptor from 'protobufjs/google/protobuf/descriptor.json';
import { type HttpRule, httpRuleOf } from './http-rule';

/** One rpc, and the route that it stands for. */
export interface PublicMethod {
  /** `souk.appcatalog.v1.AppCatalogService` */
  readonly service: string;
  readonly name: string;
  readonly request: Type;
  readonly response: Type;
  /** Whether it answers a stream of messages. */
  readonly streams: boolean;
  readonly rule: HttpRule;
}

export interface PublicApi {
  readonly services: readonly Service[];
  readonly methods: readonly PublicMethod[];
}

/** Files of the public API: what services ask each other lies beside them. */
const PUBLIC = /^souk\/(?!internal\/).*\.proto$/;

// google/protobuf/descriptor.proto is imported by annotations; protobufjs has it, and does not know it unless it is told.
common('descriptor', descriptor.nested.google.nested.protobuf.nested);

/**
 * Reads the proto files of the public API. Field names stay as they are written there.
 * @throws Error naming the rpc that has no usable `google.api.http` annotation
 */
export function loadPublicApi(): PublicApi {
  const root = new Root();
  root.resolvePath = (_origin, target) => {
    const path = join(protoDirectory, target);
    return existsSync(path) ? path : target;
  };
  const files = readdirSync(protoDirectory, { recursive: true, encoding: 'utf8' }).filter((file) => PUBLIC.test(file));
  root.loadSync(files.sort(), { keepCase: true });
  root.resolveAll();
  const services = servicesIn(root);
  return { services, methods: services.flatMap((service) => service.methodsArray.map(publicMethod)) };
}

function servicesIn(namespace: NamespaceBase): Service[] {
  return namespace.nestedArray.flatMap((nested) => {
    if (nested instanceof Service) return [nested];
    return 'nestedArray' in nested ? servicesIn(nested as NamespaceBase) : [];
  });
}

function publicMethod(method: Method): PublicMethod {
  const request = method.resolvedRequestType!;
  return {
    service: method.parent!.fullName.slice(1),
    name: method.name,
    request,
    response: method.resolvedResponseType!,
    streams: method.responseStream ?? false,
    rule: httpRuleOf(method),
  };
}
