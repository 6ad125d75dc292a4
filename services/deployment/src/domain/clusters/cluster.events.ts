import type { Platform } from '@souk/contracts';
import type { DomainEvent } from '@souk/event-sourcing';
import type { HostGrant, HostPolicy } from './host-policy';

/** How the cluster is reached. A kubeconfig itself lies in the vault, never in an event; its server address is told. */
export type ClusterConnectionKind = { readonly kind: 'simulated' } | { readonly kind: 'kubeconfig'; readonly server: string };

/** A network file system that all hosts of the cluster mount, as a storage class. */
export interface NasDescription {
  readonly storageClass: string;
}

/** How load balancers take a wanted address: MetalLB and kube-vip by annotation, others by `spec.loadBalancerIP`. */
export type LoadBalancerDialect = 'metallb' | 'kube-vip' | 'loadBalancerIP';

export const loadBalancerDialects = ['metallb', 'kube-vip', 'loadBalancerIP'] as const satisfies readonly LoadBalancerDialect[];

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

/** Whatever is granted at registration is told by grants of their own. */
export type ClusterRegistered = DomainEvent<'ClusterRegistered', Omit<ClusterDescription, 'hostPolicy'>>;

/** What an owner changes of a cluster's description: `null` takes a part away. */
export interface DescriptionChanges {
  readonly platforms?: readonly Platform[];
  readonly serviceAddressRange?: string | null;
  readonly loadBalancer?: LoadBalancerDialect | null;
  readonly region?: string | null;
  readonly nas?: NasDescription | null;
}

export type ClusterDescriptionChanged = DomainEvent<
  'ClusterDescriptionChanged',
  { readonly clusterId: string; readonly changes: DescriptionChanges }
>;

/** Who and why stands with the event, as with every event: an instance may do what was granted, and nothing else. */
export type HostPolicyGranted = DomainEvent<'HostPolicyGranted', { readonly clusterId: string; readonly grant: HostGrant }>;
export type HostPolicyWithdrawn = DomainEvent<'HostPolicyWithdrawn', { readonly clusterId: string; readonly grant: HostGrant }>;

/** It is reached by another kubeconfig from here on, which lies in the vault under that mark. */
export type ClusterCredentialsRotated = DomainEvent<
  'ClusterCredentialsRotated',
  { readonly clusterId: string; readonly server: string; readonly credentials: string }
>;
export type ClusterRemoved = DomainEvent<'ClusterRemoved', { readonly clusterId: string }>;

export type ClusterEvent =
  | ClusterRegistered
  | ClusterDescriptionChanged
  | HostPolicyGranted
  | HostPolicyWithdrawn
  | ClusterCredentialsRotated
  | ClusterRemoved;

/** The description with what was changed of it. */
export function changed<Described extends ClusterDescription>(description: Described, changes: DescriptionChanges): Described {
  const all = Object.entries({ ...description, ...changes }) as [string, unknown][];
  return Object.fromEntries(all.filter(([, value]) => value !== null)) as unknown as Described;
}
