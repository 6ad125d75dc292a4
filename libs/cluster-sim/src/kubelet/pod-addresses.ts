import { PODS } from '../objects/resources';
import { type ObjectStore } from '../store/object-store';

const PER_NETWORK = 250;
/** Second parts of a host's networks: pods that the first one has no room for are in 10.243.<host>, then in 10.242.<host> and so on. */
const NETWORKS = { first: 244, last: 105 };

/** Hands out pod IPs, 10.244.<host>.<n>; an address is free again when its pod is gone. */
export class PodAddresses {
  private readonly owners = new Map<string, string>();
  private readonly addresses = new Map<string, string>();
  private readonly last = new Map<string, number>();

  constructor(store: Pick<ObjectStore, 'onChange'>) {
    store.onChange(({ resource, type, object }) => {
      if (resource === PODS && type === 'DELETED') this.free(object.metadata.uid);
    });
  }

  hold(ip: string, uid: string): void {
    this.owners.set(ip, uid);
    this.addresses.set(uid, ip);
  }

  /** A free address of a host. */
  take(hostIndex: number, uid: string): string {
    for (let second = NETWORKS.first; second >= NETWORKS.last; second--) {
      const ip = this.freeIn(`10.${second}.${hostIndex % 256}`);
      if (ip === undefined) continue;
      this.hold(ip, uid);
      return ip;
    }
    throw new Error(`no pod address is free on host ${hostIndex}`);
  }

  /** Not the one that was given back last: whoever still has it in mind is not led to another pod. */
  private freeIn(network: string): string | undefined {
    const start = this.last.get(network) ?? 1;
    for (let offset = 1; offset <= PER_NETWORK; offset++) {
      const n = ((start + offset - 2) % PER_NETWORK) + 2;
      const ip = `${network}.${n}`;
      if (this.owners.has(ip)) continue;
      this.last.set(network, n);
      return ip;
    }
    return undefined;
  }

  private free(uid: string): void {
    const ip = this.addresses.get(uid);
    if (ip !== undefined) this.owners.delete(ip);
    this.addresses.delete(uid);
  }
}
