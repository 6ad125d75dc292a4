import type { Platform } from '@souk/contracts';
import type { DomainEvent } from '@souk/event-sourcing';

/** How the cluster is reached. A kubeconfig itself lies in the vault, never in an event; its server address is told. */
export type ClusterConnectionKind = { readonly kind: 'simulated' } | { readonly kind: 'kubeconfig'; readonly server: string };

/** What workloads may ask of the hosts. */
export interface HostPolicy {
  readonly hostNetwork: boolean;
  /** Allowed prefixes of host paths; none by default. */
  readonly hostPaths: readonly string[];
}

/** A network file system that all hosts of the cluster mount, as a storage class. */
export interface NasDescription {
  readonly storageClass: string;
}

/** How load balancers take a wanted address: MetalLB and kube-vip by annotation, others by `spec.loadBalancerIP`. */
export type LoadBalancerDialect = 'metallb' | 'kube-vip' | 'loadBalancerIP';

export interface ClusterDescription {
  readonly clusterId: string;
  readonly ownerTenant: string;
  readonly name: string;
  /** Every buyer may deploy to it. */
  readonly shared: boolean;
  readonly connection: ClusterConnectionKind;
  readonly platforms: readonly Platform[];
  /** Addresses that LoadBalancer services may take: `192.168.4.10-192.168.4.50` or CIDR. */
  readonly serviceAddressRange?: string;
  readonly loadBalancer?: LoadBalancerDialect;
  /** Of an operator's cluster: where it stands, as an order names it. */
  readonly region?: string;
  readonly nas?: NasDescription;
  readonly hostPolicy: HostPolicy;
}

export type ClusterRegistered = DomainEvent<'ClusterRegistered', ClusterDescription>;
export type ClusterRemoved = DomainEvent<'ClusterRemoved', { readonly clusterId: string }>;

export type ClusterEvent = ClusterRegistered | ClusterRemoved;
