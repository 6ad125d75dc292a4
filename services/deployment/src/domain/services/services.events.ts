import type { ServiceProvision } from '@souk/contracts';
import type { DomainEvent } from '@souk/event-sourcing';

/** Which instance, whose, and where: services are bound within one cluster and one account. */
export interface Place {
  readonly instanceId: string;
  readonly ownerTenant: string;
  readonly clusterId: string;
}

/** A service of another instance, and where it is reached. */
export interface ServiceBinding {
  readonly model: string;
  /** The instance that provides it. */
  readonly provider: string;
  /** Name in the cluster's DNS, and external port. */
  readonly host: string;
  readonly port: number;
}

/** What runs provides this; also when another node or port provided it before. */
export type ServiceOffered = DomainEvent<'ServiceOffered', Place & ServiceProvision>;
/** What runs provides it no more, or nothing runs any more. */
export type ServiceOfferWithdrawn = DomainEvent<'ServiceOfferWithdrawn', Place & { readonly model: string }>;

/** From now on the instance reaches the service there; also when it did elsewhere before. */
export type ServiceBound = DomainEvent<'ServiceBound', Place & ServiceBinding>;
/** Who provided it is gone. The address stays in the environment of what runs until the next operation finds another one. */
export type ServiceUnbound = DomainEvent<'ServiceUnbound', Place & { readonly model: string; readonly provider: string }>;

export type ServicesEvent = ServiceOffered | ServiceOfferWithdrawn | ServiceBound | ServiceUnbound;
