import { type Service } from '../objects/cluster-objects';
import { keyOf, type KubeObject } from '../objects/kube-object';
import { ENDPOINT_SLICES, ENDPOINTS, PODS, type Resource, SERVICES } from '../objects/resources';
import { same } from '../objects/json';
import { type Pod } from '../objects/workloads';
import { type Registry } from '../registry/registry';
import { type Change } from '../store/object-store';
import { type Controller } from './controller-loop';
import { isFinished, isReady, ownerReference, splitKey } from './pods-of-owner';

/** Service → Endpoints and one EndpointSlice of the same name: the addresses of the pods that it selects. */
export class EndpointsController implements Controller {
  readonly name = 'endpoint-controller';

  constructor(private readonly registry: Registry) {}

  concerns({ resource, type, object, previous }: Change): readonly string[] {
    if (resource === SERVICES) return [keyOf(object)];
    if (resource !== PODS || (type === 'MODIFIED' && previous && sameAddress(object as Pod, previous as Pod))) return [];
    return this.registry.store
      .list(SERVICES, object.metadata.namespace)
      .filter(({ spec }) => selectsPod(spec.selector, object) || (previous && selectsPod(spec.selector, previous)))
      .map(keyOf);
  }

  reconcile(key: string): undefined {
    const { namespace, name } = splitKey(key);
    const service = this.registry.store.get(SERVICES, namespace, name);
    // Without a selector the addresses are somebody else's to write; after a deletion the garbage collector comes.
    if (!service?.spec.selector || service.metadata.deletionTimestamp) return;
    const pods = this.registry.store
      .list(PODS, namespace)
      .filter((pod) => pod.status.podIP && !isFinished(pod) && selectsPod(service.spec.selector, pod))
      .sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
    this.put(ENDPOINTS, service, { subsets: subsetsOf(service, pods) });
    this.put(ENDPOINT_SLICES, service, sliceOf(service, pods));
  }

  private put(resource: Resource, service: Service, content: Record<string, unknown>): void {
    const { namespace, name } = service.metadata;
    const labels = { ...service.metadata.labels, 'kubernetes.io/service-name': name };
    const existing = this.registry.store.get(resource, namespace, name);
    if (!existing) {
      const metadata = { name, labels, ownerReferences: [ownerReference(service)] };
      this.registry.createOwned(resource, namespace, { metadata, ...content });
      return;
    }
    this.registry.amend(resource, existing, (draft) => Object.assign(draft, content));
  }
}

const selectsPod = (selector: Record<string, string> | undefined, { metadata }: KubeObject): boolean =>
  selector !== undefined && Object.entries(selector).every(([label, value]) => metadata.labels?.[label] === value);

const sameAddress = (a: Pod, b: Pod): boolean =>
  a.status.podIP === b.status.podIP &&
  isReady(a) === isReady(b) &&
  isFinished(a) === isFinished(b) &&
  a.metadata.deletionTimestamp === b.metadata.deletionTimestamp &&
  same(a.metadata.labels, b.metadata.labels);

const serving = (service: Service, pod: Pod): boolean =>
  (isReady(pod) && !pod.metadata.deletionTimestamp) || service.spec.publishNotReadyAddresses === true;

/** The name below that of the Service, where the pod says that it belongs there. */
const hostnameOf = ({ metadata }: Service, { spec }: Pod): { hostname?: string } =>
  spec.hostname && spec.subdomain === metadata.name ? { hostname: spec.hostname } : {};

const targetOf = ({ metadata }: Pod): object => ({
  kind: 'Pod',
  namespace: metadata.namespace,
  name: metadata.name,
  uid: metadata.uid,
});

/** A named target port is looked up in the pod. */
const portsOf = (service: Service, pods: readonly Pod[]): { name?: string; port: number; protocol: string }[] =>
  (service.spec.ports ?? []).map(({ name, port, protocol, targetPort }) => {
    const named = pods
      .flatMap(({ spec }) => spec.containers.flatMap(({ ports }) => ports ?? []))
      .find((each) => each.name === targetPort)?.containerPort;
    const number = typeof targetPort === 'number' ? targetPort : (named ?? port);
    return { ...(name ? { name } : {}), port: number, protocol: protocol ?? 'TCP' };
  });

const subsetsOf = (service: Service, pods: readonly Pod[]): object[] => {
  if (pods.length === 0) return [];
  const address = (pod: Pod): object => ({
    ip: pod.status.podIP,
    ...hostnameOf(service, pod),
    nodeName: pod.spec.nodeName,
    targetRef: targetOf(pod),
  });
  const ready = pods.filter((pod) => serving(service, pod)).map(address);
  const notReady = pods.filter((pod) => !serving(service, pod)).map(address);
  return [
    {
      ...(ready.length > 0 ? { addresses: ready } : {}),
      ...(notReady.length > 0 ? { notReadyAddresses: notReady } : {}),
      ports: portsOf(service, pods),
    },
  ];
};

const sliceOf = (service: Service, pods: readonly Pod[]): Record<string, unknown> => ({
  addressType: 'IPv4',
  endpoints: pods.map((pod) => ({
    addresses: [pod.status.podIP],
    conditions: { ready: serving(service, pod), serving: isReady(pod), terminating: Boolean(pod.metadata.deletionTimestamp) },
    ...hostnameOf(service, pod),
    nodeName: pod.spec.nodeName,
    targetRef: targetOf(pod),
  })),
  // In a slice a port without a name has an empty one; kubectl relies on it.
  ports: portsOf(service, pods).map((port) => ({ name: '', ...port })),
});
