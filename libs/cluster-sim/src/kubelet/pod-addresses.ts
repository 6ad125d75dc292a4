import { isFinished } from '../controllers/pods-of-owner';
import { PODS } from '../objects/resources';
import type { Pod } from '../objects/workloads';
import { type ObjectStore } from '../store/object-store';

/** Of a network, the first address is its name, the second its gateway, and the last reaches all. */
const [FIRST, RESERVED] = [2, 3];

/** Hands out pod IPs of the network of a host; an address is free again when its pod has ended or is gone. */
export class PodAddresses {
  private readonly owners = new Map<string, string>();
  private readonly addresses = new Map<string, string>();
  private readonly last = new Map<string, number>();

  constructor(store: ObjectStore) {
    store.onChange(({ resource, type, object }) => {
      if (resource === PODS && (type === 'DELETED' || isFinished(object as Pod))) this.free(object.metadata.uid);
    });
  }

  hold(ip: string, uid: string): void {
    this.owners.set(ip, uid);
    this.addresses.set(uid, ip);
  }

  /** A free address of the network, such as `10.244.1.0/24`. */
  take(network: string, uid: string): string {
    const [base = '', length = '24'] = network.split('/');
    const count = 2 ** (32 - Number(length)) - RESERVED;
    const start = (this.last.get(network) ?? -1) + 1;
    for (let offset = 0; offset < count; offset++) {
      const n = (start + offset) % count;
      const ip = addressAt(base, FIRST + n);
      if (this.owners.has(ip)) continue;
      this.last.set(network, n);
      this.hold(ip, uid);
      return ip;
    }
    throw new Error(`no pod address is free in ${network}`);
  }

  private free(uid: string): void {
    const ip = this.addresses.get(uid);
    if (ip !== undefined) this.owners.delete(ip);
    this.addresses.delete(uid);
  }
}

function addressAt(base: string, offset: number): string {
  const [a = 0, b = 0, c = 0, d = 0] = base.split('.').map(Number);
  const value = c * 256 + d + offset;
  return `${a}.${b}.${(value >> 8) % 256}.${value % 256}`;
}
