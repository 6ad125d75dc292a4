import { Injectable } from '@nestjs/common';
import { type CommandContext, CommandHandler, derivedUuid, RevisionMismatch } from '@souk/event-sourcing';
import { addressesOfInstance, takenOf } from '../../domain/clusters/address-pool';
import { addressPool } from '../../domain/clusters/address-pool.decide';
import { type AddressRange, isInRange, parseAddressRange, sizeOf } from '../../domain/clusters/address-range';
import { cluster } from '../../domain/clusters/cluster.decide';
import type { InstanceFacts } from '../../domain/instances/instance';

type Holder = Pick<InstanceFacts, 'clusterId' | 'instanceId' | 'ownerTenant'>;

/** Of giving back addresses while others take some. */
const MAX_ATTEMPTS = 20;

/** Service addresses of clusters. */
@Injectable()
export class AddressPools {
  constructor(private readonly commands: CommandHandler) {}

  /**
   * Every node has an address then; those that had one have it still. All of them or none.
   * @throws AddressPoolExhausted
   */
  async take({ clusterId, instanceId, ownerTenant }: Holder, nodes: readonly string[], context: CommandContext): Promise<void> {
    const range = await this.rangeOf(clusterId);
    const wanted = { clusterId, instanceId, ownerTenant, nodes, ...(range && { range }) };
    await this.commands.handle(addressPool, clusterId, { type: 'TakeAddresses', ...wanted }, own(context, 'take', instanceId));
  }

  /**
   * Those of other nodes than these are free then; what was taken since the question was asked is not.
   * @param stillOurs throws when another operation has begun
   */
  async keepOnly(
    nodes: readonly string[],
    { clusterId, instanceId }: Holder,
    context: CommandContext,
    stillOurs: () => Promise<unknown>,
  ): Promise<void> {
    const command = { type: 'ReleaseAddresses', clusterId, instanceId, except: nodes } as const;
    for (let attempt = 1; ; attempt++) {
      const { revision } = await this.commands.load(addressPool, clusterId);
      await stillOurs();
      try {
        const asSeen = { ...own(context, 'release', instanceId), ifMatch: revision };
        await this.commands.handle(addressPool, clusterId, command, asSeen);
        return;
      } catch (error) {
        // All instances of the cluster share the pool: mostly it was one of the others.
        if (!(error instanceof RevisionMismatch) || attempt >= MAX_ATTEMPTS) throw error;
      }
    }
  }

  /** Node → address. */
  async of({ clusterId, instanceId }: Pick<Holder, 'clusterId' | 'instanceId'>): Promise<Map<string, string>> {
    return addressesOfInstance((await this.commands.load(addressPool, clusterId)).state, instanceId);
  }

  /** How many are free, and which nodes of this instance have one. */
  async circumstances(clusterId: string, instanceId = ''): Promise<{ free: number; own: Set<string> }> {
    const range = await this.rangeOf(clusterId);
    const { state } = await this.commands.load(addressPool, clusterId);
    const taken = [...takenOf(state)].filter(([address]) => range && isInRange(address, range)).length;
    return { free: range ? sizeOf(range) - taken : 0, own: new Set(addressesOfInstance(state, instanceId).keys()) };
  }

  /** Addresses in use that are in no such range. */
  async outside(range: AddressRange | undefined, clusterId: string): Promise<string[]> {
    const { state } = await this.commands.load(addressPool, clusterId);
    return [...takenOf(state)].map(([address]) => address).filter((address) => !range || !isInRange(address, range));
  }

  private async rangeOf(clusterId: string): Promise<AddressRange | undefined> {
    const { state } = await this.commands.load(cluster, clusterId);
    if (state.status !== 'registered' || state.description.serviceAddressRange === undefined) return undefined;
    return parseAddressRange(state.description.serviceAddressRange).range;
  }
}

/** A pool is a stream of its own: the revision that the caller has seen is another stream's. */
function own({ ifMatch: _, ...context }: CommandContext, ...parts: readonly string[]): CommandContext {
  return { ...context, commandId: derivedUuid('address-pool', context.commandId, ...parts) };
}
