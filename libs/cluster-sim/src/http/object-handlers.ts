import { badRequest, methodNotAllowed } from '../objects/api-error';
import { type Json } from '../objects/json';
import { type KubeObject } from '../objects/kube-object';
import { apiVersionOf, type Resource } from '../objects/resources';
import { deleteObject } from '../registry/deletion';
import { type Registry, type WriteOptions } from '../registry/registry';
import { checkShape } from '../registry/shape';
import { listPage, type ListRequest } from './listing';
import { APPLY_PATCH, applyPatch, asKubeObject } from './patches';
import { deleteOptions, flag, isDryRun, managerOf, parameter, type Query } from './request-options';

/** One request about objects, already parsed. */
export interface ObjectRequest {
  readonly method: string;
  readonly resource: Resource;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly subresource: string | undefined;
  readonly query: Query;
  readonly mediaType: string;
  readonly userAgent: string | undefined;
  readonly body: Json | undefined;
}

/** `objects` are shown as a table where the client asks for one; `body` is not. */
export interface ObjectAnswer {
  readonly code: number;
  readonly body: object;
  readonly objects?: readonly KubeObject[];
}

/** create, read, list, update, patch, apply and delete of objects and their status. Synchronous; the caller waits for the flush. */
export class ObjectHandlers {
  constructor(private readonly registry: Registry) {}

  /** @throws ApiError */
  handle(request: ObjectRequest): ObjectAnswer {
    const { method, name } = request;
    if (name === undefined) {
      if (method === 'GET') return this.list(request);
      if (method === 'POST') return this.create(request);
      if (method === 'DELETE') return this.deleteCollection(request);
      throw methodNotAllowed();
    }
    if (method === 'GET') return one(this.registry.read(request.resource, request.namespace, name));
    if (method === 'PUT') return this.replace(request, name);
    if (method === 'PATCH') return this.patch(request, name);
    if (method === 'DELETE' && !request.subresource) return this.delete(request, name);
    throw methodNotAllowed();
  }

  private list(request: ObjectRequest): ObjectAnswer {
    const page = listPage(this.registry.store, listRequest(request));
    const { resource } = request;
    const body = { kind: `${resource.kind}List`, apiVersion: apiVersionOf(resource), metadata: page.metadata };
    // Items of a list carry no kind of their own in Kubernetes; clients that read them one by one are glad of it here.
    return { code: 200, body: { ...body, items: page.items }, objects: page.items };
  }

  private create(request: ObjectRequest): ObjectAnswer {
    const body = this.decode(request, asKubeObject(request.body));
    return one(this.registry.create(request.resource, request.namespace, body, writeOptions(request)), 201);
  }

  private replace(request: ObjectRequest, name: string): ObjectAnswer {
    const body = this.decode(request, asKubeObject(request.body), name);
    return one(this.registry.update(request.resource, request.namespace, name, body, writeOptions(request)));
  }

  private patch(request: ObjectRequest, name: string): ObjectAnswer {
    const { resource, namespace, mediaType } = request;
    if (mediaType === APPLY_PATCH) return this.apply(request, name);
    const live = this.registry.read(resource, namespace, name);
    const patched = this.decode(request, applyPatch(mediaType, live, request.body ?? null), name);
    return one(this.registry.update(resource, namespace, name, patched, writeOptions(request)));
  }

  private apply(request: ObjectRequest, name: string): ObjectAnswer {
    const { resource, namespace, query } = request;
    if (!parameter(query, 'fieldManager')) {
      throw badRequest('PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch');
    }
    const config = this.decode(request, asKubeObject(request.body), name);
    if (config.metadata.name !== name) config.metadata.name = name;
    const existed = this.registry.store.get(resource, namespace, name) !== undefined;
    const applied = this.registry.apply(resource, namespace, name, config, {
      ...writeOptions(request),
      force: flag(query, 'force'),
    });
    return one(applied, existed ? 200 : 201);
  }

  private delete({ resource, namespace, query, body }: ObjectRequest, name: string): ObjectAnswer {
    const { object, gone } = deleteObject(this.registry, resource, namespace, name, deleteOptions(query, body));
    if (!gone || RETURNED_WHEN_GONE.includes(resource.kind)) return one(object);
    const { uid } = object.metadata;
    const details = { name, ...(resource.group ? { group: resource.group } : {}), kind: resource.plural, uid };
    return { code: 200, body: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details } };
  }

  private deleteCollection(request: ObjectRequest): ObjectAnswer {
    const { resource, query, body } = request;
    const options = deleteOptions(query, body);
    const { items, metadata } = listPage(this.registry.store, listRequest(request));
    const deleted = items.map(
      (item) => deleteObject(this.registry, resource, item.metadata.namespace, item.metadata.name, options).object,
    );
    return { code: 200, body: { kind: `${resource.kind}List`, apiVersion: apiVersionOf(resource), metadata, items: deleted } };
  }

  /** Is the body an object of this resource, of this namespace and of this name? @throws ApiError 400 */
  private decode({ resource, namespace, name: inUrl }: ObjectRequest, object: KubeObject, name = inUrl): KubeObject {
    const expected = apiVersionOf(resource);
    const stated: { apiVersion?: unknown; kind?: unknown } = object;
    if (stated.apiVersion !== undefined && stated.apiVersion !== expected) {
      throw badRequest(
        `the API version in the data (${JSON.stringify(stated.apiVersion)}) does not match the expected API version (${expected})`,
      );
    }
    if (stated.kind !== undefined && stated.kind !== resource.kind) {
      throw badRequest(`${JSON.stringify(stated.kind)} cannot be handled as a ${resource.kind}`);
    }
    checkShape(resource.kind, resource.version, object as unknown as Json);
    const metadata: { name?: string | undefined; namespace?: string | undefined } = object.metadata;
    if (name !== undefined && metadata.name !== undefined && metadata.name !== name) {
      throw badRequest(`the name of the object (${metadata.name}) does not match the name on the URL (${name})`);
    }
    if (resource.namespaced && metadata.namespace !== undefined && metadata.namespace !== namespace) {
      throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
    }
    return { ...object, apiVersion: expected, kind: resource.kind };
  }
}

/** Kinds whose deletion answers the object rather than a Status. */
const RETURNED_WHEN_GONE = ['Pod', 'Service', 'ServiceAccount', 'PersistentVolumeClaim', 'ResourceQuota'];

const one = (object: KubeObject, code = 200): ObjectAnswer => ({ code, body: object, objects: [object] });

const writeOptions = ({ query, userAgent, subresource }: ObjectRequest): WriteOptions => ({
  manager: managerOf(query, userAgent),
  dryRun: isDryRun(query),
  ...(subresource === 'status' ? { subresource } : {}),
});

export const listRequest = ({ resource, namespace, query }: ObjectRequest): ListRequest => ({
  resource,
  namespace,
  labelSelector: parameter(query, 'labelSelector'),
  fieldSelector: parameter(query, 'fieldSelector'),
  limit: Number(parameter(query, 'limit') ?? 0),
  continueAfter: parameter(query, 'continue'),
});
