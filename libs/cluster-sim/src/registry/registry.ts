import { randomUUID } from 'node:crypto';
import { encodeOwnership, ownershipOf, trackUpdate } from '../apply/managed-fields';
import { serverSideApply } from '../apply/server-side-apply';
import {
  alreadyExists,
  badRequest,
  conflict,
  type FieldProblem,
  forbidden,
  invalid,
  notFound,
  preconditionFailed,
  requiredValue,
  stale,
} from '../objects/api-error';
import { type Namespace, type Service } from '../objects/cluster-objects';
import { copy, isObject, same } from '../objects/json';
import { type KubeObject, type ManagedFields, type ObjectMeta, timestamp } from '../objects/kube-object';
import { apiVersionOf, NAMESPACES, type Resource, SERVICE_ACCOUNTS } from '../objects/resources';
import { type Job, type Pod } from '../objects/workloads';
import { type ObjectStore } from '../store/object-store';
import { applyDefaults, encodeStringData } from './defaults';
import { generatedName } from './names';
import { ENFORCE, podSecurityViolations } from './pod-security';
import { admitToQuota } from './quota';
import { ServiceAllocator } from './service-allocator';
import { admitStorage, checkExpansion } from './storage-admission';
import { problemsOf } from './validation';

/** How a write of a client is to be done. */
export interface WriteOptions {
  /** The field manager. */
  readonly manager: string;
  /** Work everything out, answer it, store nothing. */
  readonly dryRun?: boolean | undefined;
  readonly subresource?: 'status' | undefined;
}

/**
 * The rules that every object passes on its way into the store: identity, defaults, validation, quota, allocation,
 * ownership of fields, generation. Controllers create through it as well; they write statuses past it, by `setStatus`.
 */
export class Registry {
  private readonly services: ServiceAllocator;

  constructor(
    readonly store: ObjectStore,
    readonly now: () => number,
  ) {
    this.services = new ServiceAllocator(store);
  }

  /** @throws ApiError 404 */
  read<T extends KubeObject>(resource: Resource<T>, namespace: string | undefined, name: string): T {
    const found = this.store.get(resource, namespace, name);
    if (!found) throw notFound(resource, name);
    return found;
  }

  /** Creates an object for a client. @throws ApiError 400, 403, 404, 409, 422 */
  create(resource: Resource, namespace: string | undefined, body: KubeObject, options: WriteOptions): KubeObject {
    if (body.metadata.resourceVersion) throw badRequest('resourceVersion should not be set on objects to be created');
    const object = this.newObject(resource, namespace, copy(body));
    const writer = { manager: options.manager, now: this.now() };
    object.metadata.managedFields = trackUpdate(
      undefined,
      { ...object, metadata: { ...object.metadata, managedFields: [] } },
      writer,
    );
    return this.admit(resource, object, options.dryRun ?? false);
  }

  /** Creates an object for a controller: the same rules, but nobody's fields. @throws ApiError */
  createOwned<T extends KubeObject>(resource: Resource<T>, namespace: string | undefined, body: object): T {
    return this.admit(resource, this.newObject(resource, namespace, copy(body as KubeObject)), false) as T;
  }

  /**
   * Replaces the spec (or, with `subresource`, the status) of an object by that of `next`, which is the caller's to keep.
   * A write that changes nothing is none. @throws ApiError 404, 409, 422
   */
  update(resource: Resource, namespace: string | undefined, name: string, next: KubeObject, options: WriteOptions): KubeObject {
    const before = this.read(resource, namespace, name);
    this.checkPreconditions(resource, before, next.metadata);
    const after = this.keepServerFields(resource, before, next, options.subresource);
    const stated = next.metadata.managedFields ?? before.metadata.managedFields ?? [];
    const writer = { manager: options.manager, now: this.now(), subresource: options.subresource };
    const tracked = (candidate: KubeObject): ManagedFields[] =>
      trackUpdate(before, { ...candidate, metadata: { ...candidate.metadata, managedFields: stated } }, writer);
    return this.replace(resource, before, after, tracked, options);
  }

  /** Server-side apply; creates what is not there. @throws ApiError 409 naming the conflicting fields, unless `force` */
  apply(
    resource: Resource,
    namespace: string | undefined,
    name: string,
    applied: KubeObject,
    options: WriteOptions & { readonly force: boolean },
  ): KubeObject {
    if (applied.metadata.managedFields?.length) throw badRequest('metadata.managedFields must be nil');
    const writer = { manager: options.manager, now: this.now(), subresource: options.subresource };
    const config = { ...applied };
    if (!options.subresource && resource.status) delete config.status;
    if (config.kind === 'Secret') encodeStringData(config);
    const before = this.store.get(resource, namespace, name);
    if (before) {
      this.checkPreconditions(resource, before, applied.metadata);
      const merged = serverSideApply(before, config, writer, options.force);
      const managedFields = merged.metadata.managedFields;
      const after = this.keepServerFields(resource, before, merged, options.subresource);
      return this.replace(resource, before, after, () => managedFields ?? [], options);
    }
    if (options.subresource) throw notFound(resource, name);
    if (applied.metadata.uid) {
      throw preconditionFailed(resource, name, 'UID', applied.metadata.uid, '');
    }
    if (applied.metadata.resourceVersion)
      throw conflict(resource, name, 'the object has been deleted; apply without resourceVersion to create it');
    const object = this.newObject(resource, namespace, serverSideApply(undefined, config, writer, true));
    return this.admit(resource, object, options.dryRun ?? false);
  }

  /** Writes a controller's finding; nothing when it is the same as before. Returns what is stored. */
  setStatus<T extends KubeObject & { status: unknown }>(resource: Resource<T>, object: T, status: T['status']): T {
    return same(object.status, status) ? object : this.store.put(resource, { ...object, status });
  }

  /**
   * A controller's change of an object: `change` gets a copy of it and of its metadata, spec and status. What lies deeper is the object's own:
   * it is replaced, never changed. Nothing is written when it stays the same.
   */
  amend<T extends KubeObject>(resource: Resource<T>, object: T, change: (draft: T) => void): T {
    const draft = shallowCopy(object);
    change(draft);
    if (same(draft, object)) return object;
    this.countGeneration(resource, object, draft);
    return this.store.put(resource, draft);
  }

  /** @throws ApiError 409 where the request's uid or resource version is not the object's */
  checkPreconditions(
    resource: Resource,
    { metadata }: KubeObject,
    { uid, resourceVersion }: { uid?: string | undefined; resourceVersion?: string | undefined },
  ): void {
    if (uid && uid !== metadata.uid) throw preconditionFailed(resource, metadata.name, 'UID', uid, metadata.uid);
    if (resourceVersion && resourceVersion !== '0' && resourceVersion !== metadata.resourceVersion) {
      throw stale(resource, metadata.name);
    }
  }

  /** Makes `object`, which nobody else has, one of this resource. */
  private newObject(resource: Resource, namespace: string | undefined, object: KubeObject): KubeObject {
    const given = object.metadata as Partial<ObjectMeta>;
    if (resource.namespaced) this.checkNamespace(resource, namespace ?? '', given.name ?? given.generateName ?? '');
    const name = given.name ?? (given.generateName ? this.freeName(resource, namespace, given.generateName) : '');
    if (!name) throw invalid(resource, '', [requiredValue('metadata.name', 'name or generateName is required')]);
    const { deletionTimestamp: _at, deletionGracePeriodSeconds: _grace, ...kept } = given;
    object.metadata = {
      ...kept,
      name,
      ...(resource.namespaced ? { namespace } : {}),
      uid: randomUUID(),
      resourceVersion: '',
      creationTimestamp: timestamp(this.now()),
      ...(resource.generation ? { generation: 1 } : {}),
    };
    object.apiVersion = apiVersionOf(resource);
    object.kind = resource.kind;
    if (resource.status && resource.kind !== 'Node') delete object.status;
    return object;
  }

  private freeName(resource: Resource, namespace: string | undefined, base: string): string {
    let name = generatedName(base);
    while (this.store.get(resource, namespace, name)) name = generatedName(base);
    return name;
  }

  private checkNamespace(resource: Resource, name: string, object: string): void {
    const namespace: Namespace | undefined = this.store.get(NAMESPACES, undefined, name);
    if (!namespace) throw notFound(NAMESPACES, name);
    if (!namespace.metadata.deletionTimestamp) return;
    const why = `unable to create new content in namespace ${name} because it is being terminated`;
    const cause = {
      reason: 'NamespaceTerminating',
      message: `namespace ${name} is being terminated`,
      field: 'metadata.namespace',
    };
    throw forbidden(resource, object, why, [cause]);
  }

  private admit(resource: Resource, object: KubeObject, dryRun: boolean): KubeObject {
    const { name, namespace } = object.metadata;
    if (object.kind === 'Job') prepareJob(object as Job);
    applyDefaults(object);
    admitStorage(this.store, object);
    const problems = problemsOf(object, undefined);
    if (problems.length > 0) throw invalid(resource, name, problems);
    if (this.store.get(resource, namespace, name)) throw alreadyExists(resource, name);
    if (object.kind === 'Pod') {
      this.checkServiceAccount(resource, object as Pod);
      this.checkPodSecurity(resource, object as Pod);
    }
    this.allocate(resource, object, undefined);
    if (resource.namespaced) admitToQuota(this.store, resource, object);
    return dryRun ? object : this.store.put(resource, object);
  }

  private checkServiceAccount(resource: Resource, { metadata, spec }: Pod): void {
    const account = spec.serviceAccountName ?? 'default';
    // The default account comes a moment after its namespace; a real client retries, here it need not.
    if (account === 'default' || this.store.get(SERVICE_ACCOUNTS, metadata.namespace, account)) return;
    const why = `error looking up service account ${metadata.namespace ?? ''}/${account}: serviceaccount "${account}" not found`;
    throw forbidden(resource, metadata.name, why);
  }

  private checkPodSecurity(resource: Resource, { metadata, spec }: Pod): void {
    const namespace = this.store.get(NAMESPACES, undefined, metadata.namespace ?? '');
    const level = namespace?.metadata.labels?.[ENFORCE] ?? 'privileged';
    const violations = podSecurityViolations(level, spec);
    if (violations.length === 0) return;
    throw forbidden(resource, metadata.name, `violates PodSecurity "${level}:latest": ${violations.join(', ')}`);
  }

  private allocate(resource: Resource, object: KubeObject, before: KubeObject | undefined): void {
    if (object.kind !== 'Service') return;
    const problems: FieldProblem[] = this.services.allocate(object as Service, before as Service | undefined);
    if (problems.length > 0) throw invalid(resource, object.metadata.name, problems);
  }

  /** `next` with everything that a client cannot change as it was. */
  private keepServerFields(
    resource: Resource,
    before: KubeObject,
    next: KubeObject,
    subresource: 'status' | undefined,
  ): KubeObject {
    if (subresource) {
      return copy({ ...before, status: next.status });
    }
    const { metadata } = before;
    const after = copy(next);
    after.apiVersion = before.apiVersion;
    after.kind = before.kind;
    after.metadata = {
      ...after.metadata,
      name: metadata.name,
      namespace: metadata.namespace,
      uid: metadata.uid,
      resourceVersion: metadata.resourceVersion,
      creationTimestamp: metadata.creationTimestamp,
      generation: metadata.generation,
      generateName: metadata.generateName,
      deletionTimestamp: metadata.deletionTimestamp,
      deletionGracePeriodSeconds: metadata.deletionGracePeriodSeconds,
    };
    if (resource.status) after.status = before.status;
    return after;
  }

  private replace(
    resource: Resource,
    before: KubeObject,
    after: KubeObject,
    managedFields: (candidate: KubeObject) => ManagedFields[],
    options: WriteOptions,
  ): KubeObject {
    if (!options.subresource) {
      applyDefaults(after);
      this.allocate(resource, after, before);
      const problems = problemsOf(after, before);
      if (problems.length > 0) throw invalid(resource, after.metadata.name, problems);
      if (checkExpansion(this.store, resource, before, after)) admitToQuota(this.store, resource, after, before);
    }
    after.metadata.managedFields = encodeOwnership(
      ownershipOf({ ...after, metadata: { ...after.metadata, managedFields: managedFields(after) } }),
    );
    if (after.metadata.managedFields.length === 0) delete after.metadata.managedFields;
    if (same(before, after)) return before;
    if (!options.subresource) this.countGeneration(resource, before, after);
    if (options.dryRun) return after;
    const stored = this.store.put(resource, after);
    return this.finishDeletion(resource, stored) ?? stored;
  }

  /** Removes an object whose deletion was only waiting for its finalizers, when the last one is gone. */
  finishDeletion(resource: Resource, object: KubeObject): KubeObject | undefined {
    const { deletionTimestamp, finalizers } = object.metadata;
    if (!deletionTimestamp || (finalizers ?? []).length > 0) return undefined;
    if (object.kind === 'Namespace' && ((object as Namespace).spec.finalizers ?? []).length > 0) return undefined;
    if (object.kind === 'Pod' && (object.metadata.deletionGracePeriodSeconds ?? 0) > 0) return undefined;
    return this.store.remove(resource, object);
  }

  private countGeneration(resource: Resource, before: KubeObject, after: KubeObject): void {
    if (!resource.generation) return;
    const content = ({ metadata: _metadata, status: _status, ...rest }: KubeObject): object => rest;
    const deleting = !before.metadata.deletionTimestamp && after.metadata.deletionTimestamp;
    if (same(content(before), content(after)) && !deleting) return;
    after.metadata.generation = (before.metadata.generation ?? 0) + 1;
  }
}

const shallowCopy = <T extends KubeObject>(object: T): T => ({
  ...object,
  metadata: { ...object.metadata },
  ...(isObject(object.spec) ? { spec: { ...object.spec } } : {}),
  ...(isObject(object.status) ? { status: { ...object.status } } : {}),
});

/** A Job selects its pods by its own uid, which its template gets as labels. */
const prepareJob = (job: Job): void => {
  const { uid, name } = job.metadata;
  const spec = (job.spec as Job['spec'] | undefined) ?? ({} as Job['spec']);
  job.spec = spec;
  const manual = (spec as { manualSelector?: boolean }).manualSelector;
  if (manual) return;
  spec.selector = { matchLabels: { 'batch.kubernetes.io/controller-uid': uid } };
  const template = (spec.template as Job['spec']['template'] | undefined) ?? { metadata: {}, spec: { containers: [] } };
  spec.template = template;
  const metadata = (template.metadata as Job['spec']['template']['metadata'] | undefined) ?? {};
  template.metadata = {
    ...metadata,
    labels: {
      ...metadata.labels,
      'batch.kubernetes.io/controller-uid': uid,
      'batch.kubernetes.io/job-name': name,
      'controller-uid': uid,
      'job-name': name,
    },
  };
};
