import { type Aggregate, assertNever } from '@souk/event-sourcing';
import { addressesOfInstance, type AddressPool, evolveAddressPool, isTaken, takenOf, untouchedPool } from './address-pool';
import { AddressPoolExhausted } from './address-pool.errors';
import type { AddressPoolEvent, AddressReleased, AddressTaken } from './address-pool.events';
import { addressesOf, type AddressRange } from './address-range';

export interface TakeAddresses {
  readonly type: 'TakeAddresses';
  readonly clusterId: string;
  readonly instanceId: string;
  readonly ownerTenant: string;
  /** Those that have one keep it. */
  readonly nodes: readonly string[];
  /** As the cluster's owner gives it now; absent where there is none. */
  readonly range?: AddressRange;
}

export interface ReleaseAddresses {
  readonly type: 'ReleaseAddresses';
  readonly clusterId: string;
  readonly instanceId: string;
  /** Nodes that keep theirs. */
  readonly except: readonly string[];
}

export type AddressPoolCommand = TakeAddresses | ReleaseAddresses;

/** The lowest free ones; all that are wanted, or none. */
const take = (command: TakeAddresses, pool: AddressPool): AddressTaken[] => {
  const { clusterId, instanceId, ownerTenant, nodes, range } = command;
  const own = addressesOfInstance(pool, instanceId);
  const without = nodes.filter((node) => !own.has(node));
  if (without.length === 0) return [];
  const free: string[] = [];
  for (const address of range ? addressesOf(range) : []) {
    if (free.length === without.length) break;
    if (!isTaken(pool, address)) free.push(address);
  }
  if (free.length < without.length) throw new AddressPoolExhausted(clusterId, without.length, free.length);
  return without.map((node, i) => ({
    type: 'AddressTaken',
    data: { clusterId, instanceId, ownerTenant, node, address: free[i]! },
  }));
};

const release = ({ clusterId, instanceId, except }: ReleaseAddresses, pool: AddressPool): AddressReleased[] =>
  [...takenOf(pool)]
    .filter(([, holder]) => holder.instanceId === instanceId && !except.includes(holder.node))
    .map(([address, { node, ownerTenant }]) => ({
      type: 'AddressReleased',
      data: { clusterId, instanceId, ownerTenant, node, address },
    }));

/** The addresses of one cluster. One stream for all of them: the exact revision is what gives none away twice. */
export const addressPool: Aggregate<AddressPool, AddressPoolCommand, AddressPoolEvent> = {
  category: 'addressPool',
  initial: untouchedPool,
  eventTypes: { AddressTaken: {}, AddressReleased: {} },
  snapshots: { version: 1 },
  tenants: ({ party }) => (party === undefined ? [] : [party]),
  evolve: evolveAddressPool,
  decide(command, state) {
    switch (command.type) {
      case 'TakeAddresses':
        return take(command, state);
      case 'ReleaseAddresses':
        return release(command, state);
      default:
        return assertNever(command);
    }
  },
};
