import { randomInt } from 'node:crypto';
import { type FieldProblem, invalidValue } from '../objects/api-error';
import { type Service } from '../objects/cluster-objects';
import { keyOf } from '../objects/kube-object';
import { SERVICES } from '../objects/resources';
import { type ObjectStore } from '../store/object-store';

const FIRST_PORT = 30000;
const LAST_PORT = 32767;
const CLUSTER_NETWORK = '10.96';

/** Hands out NodePorts and cluster IPs; what is taken is what the stored services hold, so a restart forgets nothing. */
export class ServiceAllocator {
  private readonly ports = new Map<number, string>();
  private readonly addresses = new Map<string, string>();

  constructor(store: ObjectStore) {
    for (const service of store.list(SERVICES)) this.hold(service);
    store.onChange(({ resource, type, object, previous }) => {
      if (resource !== SERVICES) return;
      if (previous) this.release(previous as Service);
      if (type !== 'DELETED') this.hold(object as Service);
    });
  }

  /**
   * Fills in the addresses and ports of a service about to be stored (it changes `service`); what `before` had, it keeps.
   * @returns why what it asks for cannot be given
   */
  allocate(service: Service, before: Service | undefined): FieldProblem[] {
    const owner = keyOf(service);
    const { spec } = service;
    if (spec.type === 'ExternalName') {
      delete spec.clusterIP;
      delete spec.clusterIPs;
    } else this.allocateAddress(spec, before, owner);
    const problems = this.problemsOfAddress(spec.clusterIP, owner);
    const wantsPorts = spec.type === 'NodePort' || spec.type === 'LoadBalancer';
    for (const [index, port] of (spec.ports ?? []).entries()) {
      if (!wantsPorts) {
        if (before && before.spec.type !== spec.type) delete port.nodePort;
        continue;
      }
      const same = before?.spec.ports?.find((old) => old.port === port.port && old.protocol === port.protocol);
      if (!port.nodePort) {
        const kept = same?.nodePort;
        const taken = new Set((spec.ports ?? []).map(({ nodePort }) => nodePort));
        port.nodePort = kept && !taken.has(kept) ? kept : this.freePort(taken);
      } else problems.push(...this.problemsOfPort(port.nodePort, `spec.ports[${index}].nodePort`, owner));
    }
    return problems;
  }

  private allocateAddress(spec: Service['spec'], before: Service | undefined, owner: string): void {
    spec.clusterIP ??= before?.spec.clusterIP ?? this.freeAddress(owner);
    if (spec.clusterIP === '') spec.clusterIP = before?.spec.clusterIP ?? this.freeAddress(owner);
    spec.clusterIPs = [spec.clusterIP];
    Object.assign(spec, { ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack' });
  }

  private problemsOfAddress(address: string | undefined, owner: string): FieldProblem[] {
    if (!address || address === 'None') return [];
    if (!/^10\.96\.\d{1,3}\.\d{1,3}$/.test(address)) {
      const why = 'failed to allocate IP: the provided IP is not in the valid range. The range of valid IPs is 10.96.0.0/16';
      return [invalidValue('spec.clusterIPs', [address], why)];
    }
    const holder = this.addresses.get(address);
    if (!holder || holder === owner) return [];
    return [invalidValue('spec.clusterIPs', [address], 'failed to allocate IP: provided IP is already allocated')];
  }

  private problemsOfPort(port: number, field: string, owner: string): FieldProblem[] {
    if (port < FIRST_PORT || port > LAST_PORT) {
      const why = `provided port is not in the valid range. The range of valid ports is ${FIRST_PORT}-${LAST_PORT}`;
      return [invalidValue(field, port, why)];
    }
    const holder = this.ports.get(port);
    return !holder || holder === owner ? [] : [invalidValue(field, port, 'provided port is already allocated')];
  }

  private freePort(reserved: ReadonlySet<number | undefined>): number {
    const size = LAST_PORT - FIRST_PORT + 1;
    const start = randomInt(size);
    for (let offset = 0; offset < size; offset++) {
      const port = FIRST_PORT + ((start + offset) % size);
      if (!this.ports.has(port) && !reserved.has(port)) return port;
    }
    throw new Error('range is full');
  }

  private freeAddress(owner: string): string {
    if (owner === 'default/kubernetes') return `${CLUSTER_NETWORK}.0.1`;
    const start = randomInt(65_000);
    for (let offset = 0; offset < 65_000; offset++) {
      const host = 256 + ((start + offset) % 65_000);
      const address = `${CLUSTER_NETWORK}.${host >> 8}.${host & 255}`;
      if (!this.addresses.has(address)) return address;
    }
    throw new Error('range is full');
  }

  private hold(service: Service): void {
    const owner = keyOf(service);
    const { clusterIP, ports } = service.spec;
    if (clusterIP && clusterIP !== 'None') this.addresses.set(clusterIP, owner);
    for (const { nodePort } of ports ?? []) if (nodePort) this.ports.set(nodePort, owner);
  }

  private release({ spec }: Service): void {
    if (spec.clusterIP) this.addresses.delete(spec.clusterIP);
    for (const { nodePort } of spec.ports ?? []) if (nodePort) this.ports.delete(nodePort);
  }
}
