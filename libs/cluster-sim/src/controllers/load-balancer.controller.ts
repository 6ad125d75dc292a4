import { type Service } from '../objects/cluster-objects';
import { keyOf } from '../objects/kube-object';
import { SERVICES } from '../objects/resources';
import { type Registry } from '../registry/registry';
import { type Change } from '../store/object-store';
import { type Controller } from './controller-loop';
import { type EventRecorder } from './event-recorder';
import { splitKey } from './pods-of-owner';

const COMPONENT = 'load-balancer';

/** How a service wants a certain address: as MetalLB and kube-vip read it. */
const WISHES = ['metallb.io/loadBalancerIPs', 'metallb.universe.tf/loadBalancerIPs', 'kube-vip.io/loadbalancerIPs'];

/** Services of type LoadBalancer get the address that they ask for, or one of 203.0.113.0/24; no address is had by two of them. */
export class LoadBalancerController implements Controller {
  readonly name = COMPONENT;

  constructor(
    private readonly registry: Registry,
    private readonly events: EventRecorder,
  ) {}

  concerns({ resource, type, object, previous }: Change): readonly string[] {
    if (resource !== SERVICES) return [];
    const had = previous && addressOf(previous as Service);
    const freed = had !== undefined && (type === 'DELETED' || had !== addressOf(object as Service));
    return [keyOf(object), ...(freed ? this.waiting() : [])];
  }

  reconcile(key: string): undefined {
    const { namespace, name } = splitKey(key);
    const service = this.registry.store.get(SERVICES, namespace, name);
    if (!service || service.metadata.deletionTimestamp) return;
    if (service.spec.type !== 'LoadBalancer') {
      if (addressOf(service)) this.registry.setStatus(SERVICES, service, { loadBalancer: {} });
      return;
    }
    const wish = wishOf(service);
    const has = addressOf(service);
    if (has && (wish === undefined || wish === has)) return;
    const taken = new Set(this.balanced().flatMap((other) => (keyOf(other) === key ? [] : (addressOf(other) ?? []))));
    const address = wish ?? POOL.find((each) => !taken.has(each));
    if (address === undefined || taken.has(address)) {
      const why = `Failed to allocate IP for "${key}": ${address === undefined ? 'no available IPs' : `can't change sharing key for "${key}", address also in use`}`;
      this.events.record(service, COMPONENT, 'Warning', 'AllocationFailed', why);
      this.registry.setStatus(SERVICES, service, { loadBalancer: {} });
      return;
    }
    this.registry.setStatus(SERVICES, service, { loadBalancer: { ingress: [{ ip: address }] } });
    this.events.record(service, COMPONENT, 'Normal', 'IPAllocated', `Assigned IP ["${address}"]`);
  }

  private balanced(): Service[] {
    return this.registry.store.list(SERVICES).filter(({ spec }) => spec.type === 'LoadBalancer');
  }

  private waiting(): string[] {
    return this.balanced()
      .filter((service) => !addressOf(service))
      .map(keyOf);
  }
}

/** TEST-NET-3, RFC 5737. */
const POOL = Array.from({ length: 254 }, (_, index) => `203.0.113.${index + 1}`);

const addressOf = ({ status }: Service): string | undefined => status.loadBalancer.ingress?.[0]?.ip;

const wishOf = ({ metadata, spec }: Service): string | undefined =>
  spec.loadBalancerIP ?? WISHES.map((annotation) => metadata.annotations?.[annotation]).find((wish) => wish !== undefined);
