import { PODS } from '../objects/resources';
import { type ObjectStore } from '../store/object-store';

const PER_HOST = 250;

/** Hands out pod IPs, 10.244.<host>.<n>; an address is free again when its pod is gone. */
export class PodAddresses {
  private readonly owners = new Map<string, string>();
  private readonly addresses = new Map<string, string>();
  private readonly last = new Map<number, number>();

  constructor(store: ObjectStore) {
    store.onChange(({ resource, type, object }) => {
      if (resource === PODS && type === 'DELETED') this.free(object.metadata.uid);
    });
  }

  hold(ip: string, uid: string): void {
    this.owners.set(ip, uid);
    this.addresses.set(uid, ip);
  }

  /** A free address in the network of a host. */
  take(hostIndex: number, uid: string): string {
    const start = this.last.get(hostIndex) ?? 1;
    for (let offset = 1; offset <= PER_HOST; offset++) {
      const n = ((start + offset - 2) % PER_HOST) + 2;
      const ip = `10.244.${hostIndex % 256}.${n}`;
      if (this.owners.has(ip)) continue;
      this.last.set(hostIndex, n);
      this.hold(ip, uid);
      return ip;
    }
    throw new Error(`no pod address is free on host ${hostIndex}`);
  }

  private free(uid: string): void {
    const ip = this.addresses.get(uid);
    if (ip !== undefined) this.owners.delete(ip);
    this.addresses.delete(uid);
  }
}
