import { APPLY_PATCH, applyPatch, asKubeObject } from './patches';
import { badRequest, invalid, invalidValue, methodNotAllowed, noSuchResource } from '../objects/api-error';
import { copy, type Json } from '../objects/json';
import { type KubeObject, millis } from '../objects/kube-object';
import { PODS, type Resource } from '../objects/resources';
import { type Deployment, type Pod } from '../objects/workloads';
import { type ClusterSimConfig } from '../config';
import { podLog } from '../kubelet/pod-log';
import { type PodRun } from '../kubelet/pod-run';
import { deleteObject } from '../registry/deletion';
import { type Registry } from '../registry/registry';
import { type ObjectAnswer, type ObjectRequest } from './object-handlers';
import { deleteOptions, flag, isDryRun, managerOf, parameter, wholeNumber } from './request-options';
import { isObject } from '../objects/json';

/** `scale`, `log` and `eviction`: what hangs below an object without being one. */
export class SubresourceHandlers {
  constructor(
    private readonly registry: Registry,
    private readonly config: () => ClusterSimConfig,
  ) {}

  /** Text for a log. @throws ApiError */
  handle(request: ObjectRequest, name: string): ObjectAnswer | string {
    const { resource, subresource } = request;
    if (subresource === 'scale' && resource.scale) return this.scale(request, name);
    if (subresource === 'log' && resource === PODS) return this.log(request, name);
    if (subresource === 'eviction' && resource === PODS) return this.evict(request, name);
    throw noSuchResource();
  }

  private scale(request: ObjectRequest, name: string): ObjectAnswer {
    const { resource, namespace, method, mediaType, query } = request;
    const object = this.registry.read(resource, namespace, name) as Deployment;
    if (method === 'GET') return { code: 200, body: scaleOf(object) };
    if (method !== 'PUT' && method !== 'PATCH') throw methodNotAllowed();
    const wanted =
      method === 'PUT' || mediaType === APPLY_PATCH
        ? asKubeObject(request.body)
        : applyPatch(mediaType, scaleOf(object), request.body ?? null);
    const replicas = replicasOf(resource, name, wanted);
    const next = copy(object);
    next.spec.replicas = replicas;
    const version = (wanted.metadata as Partial<KubeObject['metadata']>).resourceVersion;
    if (version) next.metadata.resourceVersion = version;
    const options = { manager: managerOf(query, request.userAgent), dryRun: isDryRun(query) };
    return { code: 200, body: scaleOf(this.registry.update(resource, namespace, name, next, options) as Deployment) };
  }

  private log({ namespace, query, method }: ObjectRequest, name: string): string {
    if (method !== 'GET') throw methodNotAllowed();
    const pod = this.registry.read(PODS, namespace, name);
    const names = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])].map((each) => each.name);
    const container = parameter(query, 'container') ?? names[0]!;
    if (!names.includes(container)) throw badRequest(`container ${container} is not valid for pod ${name}`);
    if (parameter(query, 'container') === undefined && pod.spec.containers.length > 1) {
      const list = pod.spec.containers.map((each) => each.name).join(' ');
      throw badRequest(`a container name must be specified for pod ${name}, choose one of: [${list}]`);
    }
    const run = this.registry.store.record<PodRun>(`pod/${pod.metadata.uid}`);
    const lines = podLog(pod, run, container, this.config());
    if (!lines)
      throw badRequest(`container "${container}" in pod "${name}" is waiting to start: ${waitingReason(pod, container)}`);
    return present(lines, flag(query, 'timestamps'), wholeNumber(query, 'tailLines'), sinceTime(query, this.registry.now()));
  }

  private evict({ namespace, method, body, query }: ObjectRequest, name: string): ObjectAnswer {
    if (method !== 'POST') throw methodNotAllowed();
    const options = isObject(body) ? body.deleteOptions : undefined;
    deleteObject(this.registry, PODS, namespace, name, deleteOptions(query, options));
    return { code: 201, body: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success' } };
  }
}

const scaleOf = ({ metadata, spec, status }: Deployment): KubeObject => ({
  kind: 'Scale',
  apiVersion: 'autoscaling/v1',
  metadata: {
    name: metadata.name,
    namespace: metadata.namespace,
    uid: metadata.uid,
    resourceVersion: metadata.resourceVersion,
    creationTimestamp: metadata.creationTimestamp,
  },
  spec: { replicas: spec.replicas },
  status: {
    replicas: status.replicas ?? 0,
    selector: Object.entries(spec.selector.matchLabels ?? {})
      .map(([key, value]) => `${key}=${value}`)
      .join(','),
  },
});

const replicasOf = (resource: Resource, name: string, scale: KubeObject): number => {
  const spec = scale.spec as Json | undefined;
  const replicas = isObject(spec) ? (spec.replicas ?? 0) : 0;
  if (!Number.isInteger(replicas)) {
    throw badRequest(
      'Scale in version "v1" cannot be handled as a Scale: json: cannot unmarshal into Go struct field ScaleSpec.spec.replicas of type int32',
    );
  }
  if (Number(replicas) < 0) {
    throw invalid(resource, name, [invalidValue('spec.replicas', replicas, 'must be greater than or equal to 0')]);
  }
  return Number(replicas);
};

const waitingReason = ({ status }: Pod, container: string): string =>
  [...(status.containerStatuses ?? []), ...(status.initContainerStatuses ?? [])].find(({ name }) => name === container)?.state
    .waiting?.reason ?? 'ContainerCreating';

const sinceTime = (query: ObjectRequest['query'], now: number): number => {
  const seconds = wholeNumber(query, 'sinceSeconds');
  return seconds === undefined ? millis(parameter(query, 'sinceTime')) : now - seconds * 1000;
};

const present = (lines: readonly string[], stamped: boolean, tail: number | undefined, since: number): string => {
  const recent = lines.filter((line) => Date.parse(line.slice(0, line.indexOf(' '))) >= since - 1000);
  const last = tail === undefined ? recent : recent.slice(Math.max(0, recent.length - tail));
  return last.map((line) => `${stamped ? line : line.slice(line.indexOf(' ') + 1)}\n`).join('');
};
