import { assertNever } from '@souk/event-sourcing';
import type { AddressHolder, AddressPoolEvent } from './address-pool.events';

/** Addresses of one cluster that are taken. What is free follows from the cluster's range. */
export interface AddressPool {
  /** Addresses that differ in their last character only, by what they have in common: a fact copies few of thousands. */
  readonly blocks: ReadonlyMap<string, ReadonlyMap<string, AddressHolder>>;
  /** Whose address was taken or released last. */
  readonly party?: string;
}

export const untouchedPool: AddressPool = { blocks: new Map() };

export function evolveAddressPool({ blocks }: AddressPool, { type, data }: AddressPoolEvent): AddressPool {
  const { address, instanceId, node, ownerTenant } = data;
  const block = new Map(blocks.get(blockOf(address)));
  switch (type) {
    case 'AddressTaken':
      block.set(address, { instanceId, node, ownerTenant });
      break;
    case 'AddressReleased':
      block.delete(address);
      break;
    default:
      assertNever(type);
  }
  const next = new Map(blocks);
  if (block.size > 0) next.set(blockOf(address), block);
  else next.delete(blockOf(address));
  return { blocks: next, party: ownerTenant };
}

export function isTaken({ blocks }: AddressPool, address: string): boolean {
  return blocks.get(blockOf(address))?.has(address) ?? false;
}

/** Every address that is taken, and who has it. */
export function* takenOf({ blocks }: AddressPool): Generator<readonly [string, AddressHolder]> {
  for (const block of blocks.values()) yield* block;
}

/** Node → address. */
export function addressesOfInstance(pool: AddressPool, instanceId: string): Map<string, string> {
  const addresses = new Map<string, string>();
  for (const [address, holder] of takenOf(pool)) if (holder.instanceId === instanceId) addresses.set(holder.node, address);
  return addresses;
}

const blockOf = (address: string): string => address.slice(0, -1);
