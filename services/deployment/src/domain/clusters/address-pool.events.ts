import type { DomainEvent } from '@souk/event-sourcing';

/** A node of an instance that is reached under an address of its own. */
export interface AddressHolder {
  readonly instanceId: string;
  /** Service name. */
  readonly node: string;
  /** Of the instance. */
  readonly ownerTenant: string;
}

export type AddressTaken = DomainEvent<'AddressTaken', AddressHolder & { readonly clusterId: string; readonly address: string }>;
export type AddressReleased = DomainEvent<
  'AddressReleased',
  AddressHolder & { readonly clusterId: string; readonly address: string }
>;

export type AddressPoolEvent = AddressTaken | AddressReleased;
