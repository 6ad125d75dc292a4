import { DomainError } from '@souk/event-sourcing';

/** Not one address is taken where not all can be. */
export class AddressPoolExhausted extends DomainError {
  readonly code = 'address-pool-exhausted';
  constructor(
    readonly clusterId: string,
    readonly wanted: number,
    readonly free: number,
  ) {
    super(
      `cluster "${clusterId}" has ${free} free service addresses, and ${wanted} are asked for: its owner can widen the service address range, or something that has one is to be deleted`,
    );
  }
}

/** A range would leave something outside that is in use. */
export class AddressRangeInUse extends DomainError {
  readonly code = 'address-range-in-use';
  constructor(
    readonly clusterId: string,
    readonly addresses: readonly string[],
  ) {
    super(`of cluster "${clusterId}" these service addresses are in use: ${addresses.join(', ')}: the range must have them`);
  }
}
