import type { DomainEvent } from '@souk/event-sourcing';

/** How the platform identifies itself to a broker; the credentials themselves lie in the vault, never in an event. */
export type BrokerAuthentication = 'basic' | 'bearer';

export interface BrokerDescription {
  readonly brokerId: string;
  readonly ownerTenant: string;
  readonly name: string;
  readonly url: string;
  readonly authentication: BrokerAuthentication;
  /** PEM of the authority of its certificate, where it is a private one. */
  readonly certificateAuthority?: string;
}

export type BrokerRegistered = DomainEvent<'BrokerRegistered', BrokerDescription>;
export type BrokerRemoved = DomainEvent<'BrokerRemoved', { readonly brokerId: string }>;

export type BrokerEvent = BrokerRegistered | BrokerRemoved;
