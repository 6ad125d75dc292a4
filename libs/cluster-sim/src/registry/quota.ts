import { forbidden } from '../objects/api-error';
import { type PersistentVolumeClaim, type ResourceQuota, type Service } from '../objects/cluster-objects';
import { type KubeObject, type Labels } from '../objects/kube-object';
import { formatBytes, formatMilliCpu, milliCpu, wholeUnits } from '../objects/quantity';
import {
  EVENTS,
  PERSISTENT_VOLUME_CLAIMS,
  PODS,
  qualifiedPlural,
  type Resource,
  RESOURCE_QUOTAS,
  RESOURCES,
  SERVICES,
} from '../objects/resources';
import { type Pod } from '../objects/workloads';
import { podRequest } from '../scheduler/resource-request';
import { type ObjectStore } from '../store/object-store';

/** Amounts by the name a quota gives them: cpu in thousandths, the rest in whole units. */
type Usage = Map<string, number>;

/** Tells what one object counts for, by the names that a ResourceQuota knows. */
const count = (resource: Resource, object: KubeObject, tell: (name: string, amount: number) => void): void => {
  tell(`count/${qualifiedPlural(resource)}`, 1);
  if (resource === PODS && ['Succeeded', 'Failed'].includes((object as Pod).status.phase)) return;
  tell(resource.plural, 1);
  if (resource === PODS) {
    const requests = podRequest((object as Pod).spec, 'requests');
    const limits = podRequest((object as Pod).spec, 'limits');
    tell('cpu', requests.milliCpu);
    tell('memory', requests.memory);
    tell('requests.cpu', requests.milliCpu);
    tell('requests.memory', requests.memory);
    tell('limits.cpu', limits.milliCpu);
    tell('limits.memory', limits.memory);
  }
  if (resource === SERVICES) {
    const { type, ports } = (object as Service).spec;
    if (type === 'NodePort' || type === 'LoadBalancer') tell('services.nodeports', (ports ?? []).length);
    if (type === 'LoadBalancer') tell('services.loadbalancers', 1);
  }
  if (resource === PERSISTENT_VOLUME_CLAIMS) {
    const { resources, storageClassName } = (object as PersistentVolumeClaim).spec;
    const storage = wholeUnits(resources?.requests?.storage);
    tell('requests.storage', storage);
    if (storageClassName) {
      const ofClass = `${storageClassName}.storageclass.storage.k8s.io`;
      tell(`${ofClass}/requests.storage`, storage);
      tell(`${ofClass}/persistentvolumeclaims`, 1);
    }
  }
};

/** Kinds that count for more than their number, and what the names of that contain. */
const COUNTED_BY: Readonly<Record<string, readonly string[]>> = {
  Pod: ['cpu', 'memory'],
  Service: ['services.'],
  PersistentVolumeClaim: ['storage', 'persistentvolumeclaims'],
};

/** Whether anything that `hard` limits is about objects of this resource. */
export const isLimited = (resource: Resource, hard: Labels): boolean => limitedBy(hard).has(resource);

/** Objects in the store are immutable: what the limits of a quota are about is worked out once for all that is held against them. */
const known = new WeakMap<Labels, ReadonlySet<Resource>>();

const limitedBy = (hard: Labels): ReadonlySet<Resource> => {
  const found = known.get(hard);
  if (found) return found;
  const names = Object.keys(hard);
  const limited = new Set(RESOURCES.filter((resource) => names.some((name) => isAbout(name, resource))));
  known.set(hard, limited);
  return limited;
};

const isAbout = (name: string, resource: Resource): boolean =>
  resource.namespaced &&
  resource !== EVENTS &&
  (name === resource.plural ||
    name === `count/${qualifiedPlural(resource)}` ||
    (COUNTED_BY[resource.kind] ?? []).some((part) => name.includes(part)));

/** What a namespace uses of the things that `hard` limits. */
export const namespaceUsage = (store: ObjectStore, namespace: string, hard: Labels): Usage => {
  const total: Usage = new Map(Object.keys(hard).map((name) => [name, 0]));
  for (const resource of limitedBy(hard)) {
    for (const object of store.list(resource, namespace)) {
      count(resource, object, (name, amount) => {
        const sum = total.get(name);
        if (sum !== undefined) total.set(name, sum + amount);
      });
    }
  }
  return total;
};

export const formatUsage = (name: string, amount: number): string => {
  if (name.endsWith('cpu')) return formatMilliCpu(amount);
  return name.endsWith('memory') || name.endsWith('storage') ? formatBytes(amount) : String(amount);
};

const limitOf = (name: string, text: string | undefined): number => (name.endsWith('cpu') ? milliCpu(text) : wholeUnits(text));

/**
 * `before`: it is there already, and only what it grows by counts.
 * @throws ApiError 403 when the namespace may not have one more such object
 */
export const admitToQuota = (store: ObjectStore, resource: Resource, object: KubeObject, before?: KubeObject): void => {
  const namespace = object.metadata.namespace ?? '';
  const quotas: ResourceQuota[] = store.list(RESOURCE_QUOTAS, namespace);
  for (const quota of quotas) {
    const hard = quota.spec.hard ?? {};
    if (!isLimited(resource, hard)) continue;
    const asked: Usage = new Map();
    const add = (name: string, amount: number): void => {
      if (name in hard) asked.set(name, (asked.get(name) ?? 0) + amount);
    };
    count(resource, object, add);
    if (before) count(resource, before, (name, amount) => add(name, -amount));
    if (asked.size === 0) continue;
    const name = object.metadata.name;
    const unstated = resource.kind === 'Pod' ? unstatedRequests(object as Pod, Object.keys(hard)) : [];
    if (unstated.length > 0) {
      throw forbidden(resource, name, `failed quota: ${quota.metadata.name}: must specify ${unstated.join('; ')}`);
    }
    const used = namespaceUsage(store, namespace, hard);
    const over = [...asked].filter(([each, amount]) => amount > 0 && used.get(each)! + amount > limitOf(each, hard[each]));
    if (over.length === 0) continue;
    const show = (amount: (each: string) => string): string => over.map(([each]) => `${each}=${amount(each)}`).join(',');
    const amounts = new Map(over);
    throw forbidden(
      resource,
      name,
      `exceeded quota: ${quota.metadata.name}, requested: ${show((each) => formatUsage(each, amounts.get(each)!))}, ` +
        `used: ${show((each) => formatUsage(each, used.get(each)!))}, limited: ${show((each) => hard[each]!)}`,
    );
  }
};

const unstatedRequests = ({ spec }: Pod, limited: readonly string[]): string[] => {
  const names = ['requests.cpu', 'requests.memory', 'limits.cpu', 'limits.memory', 'cpu', 'memory'];
  return limited
    .filter((name) => names.includes(name))
    .flatMap((name) => {
      const list = name.startsWith('limits') ? 'limits' : 'requests';
      const kind = name.split('.').at(-1)!;
      const silent = spec.containers.filter(({ resources }) => resources?.[list]?.[kind] === undefined);
      return silent.length > 0 ? [`${name} for: ${silent.map((each) => each.name).join(',')}`] : [];
    });
};
