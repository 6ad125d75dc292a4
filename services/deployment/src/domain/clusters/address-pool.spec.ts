import { fold } from '@souk/event-sourcing';
import { given, snapshotLaws } from '@souk/event-sourcing/testing';
import fc from 'fast-check';
import { takenOf } from './address-pool';
import { addressPool, type AddressPoolCommand } from './address-pool.decide';
import { AddressPoolExhausted } from './address-pool.errors';
import type { AddressPoolEvent } from './address-pool.events';
import { parseAddressRange } from './address-range';

const clusterId = 'clu_1';
const range = parseAddressRange('10.0.0.1-10.0.0.3').range!;
const take = (instanceId: string, ...nodes: readonly string[]): AddressPoolCommand => ({
  type: 'TakeAddresses',
  ...{ clusterId, instanceId, nodes, range, ownerTenant: 'ten_b' },
});
const release = (instanceId: string, ...except: readonly string[]): AddressPoolCommand => ({
  type: 'ReleaseAddresses',
  ...{ clusterId, instanceId, except },
});
const fact = (type: AddressPoolEvent['type'], instanceId: string, node: string, address: string): AddressPoolEvent => ({
  type,
  data: { clusterId, instanceId, node, address, ownerTenant: 'ten_b' },
});
const taken = (instanceId: string, node: string, address: string) => fact('AddressTaken', instanceId, node, address);
const released = (instanceId: string, node: string, address: string) => fact('AddressReleased', instanceId, node, address);

describe('The addresses of a cluster', () => {
  it('are given away from the lowest on', () =>
    given(addressPool)
      .when(take('a', 'web', 'mqtt'))
      .then(taken('a', 'web', '10.0.0.1'), taken('a', 'mqtt', '10.0.0.2')));

  it('stay with the node that has one', () =>
    given(addressPool, taken('a', 'web', '10.0.0.2'))
      .when(take('a', 'web', 'mqtt'))
      .then(taken('a', 'mqtt', '10.0.0.1')));

  it('stay so where the range is another one by now', () =>
    given(addressPool, taken('a', 'web', '10.9.9.9'))
      .when(take('a', 'web'))
      .thenNothing());

  it('are all taken, or none', () =>
    given(addressPool, taken('a', 'web', '10.0.0.1'), taken('a', 'mqtt', '10.0.0.2'))
      .when(take('b', 'web', 'mqtt'))
      .thenRefused(AddressPoolExhausted));

  it('are none where no range was given', () =>
    given(addressPool)
      .when({ type: 'TakeAddresses', clusterId, instanceId: 'a', ownerTenant: 'ten_b', nodes: ['web'] })
      .thenRefused(AddressPoolExhausted));

  it('become free when their node or instance goes, and are given away again', () =>
    given(addressPool, taken('a', 'web', '10.0.0.1'), taken('a', 'mqtt', '10.0.0.2'), taken('b', 'web', '10.0.0.3'))
      .when(release('a', 'mqtt'))
      .then(released('a', 'web', '10.0.0.1')));

  it('become free once', () =>
    given(addressPool, taken('a', 'web', '10.0.0.1'), released('a', 'web', '10.0.0.1'))
      .when(release('a'))
      .thenNothing());

  const nodes = fc.uniqueArray(fc.constantFrom('web', 'mqtt'), { maxLength: 2 });
  const instances = fc.constantFrom('a', 'b', 'c');
  const commands = fc.oneof(
    fc.tuple(instances, nodes).map(([instanceId, names]) => take(instanceId, ...names)),
    fc.tuple(instances, nodes).map(([instanceId, names]) => release(instanceId, ...names)),
  );

  it('are never given away twice', () => {
    fc.assert(
      fc.property(fc.array(commands, { maxLength: 40 }), (all) => {
        const events: AddressPoolEvent[] = [];
        for (const command of all)
          try {
            events.push(...addressPool.decide(command, fold(addressPool, events)));
          } catch (error) {
            if (!(error instanceof AddressPoolExhausted)) throw error;
          }
        const free = new Set(['10.0.0.1', '10.0.0.2', '10.0.0.3']);
        for (const { type, data } of events)
          if (type === 'AddressTaken') expect(free.delete(data.address)).toBe(true);
          else free.add(data.address);
      }),
    );
  });

  it('take no more room than there are addresses, however often they change hands', () => {
    let pool = addressPool.initial;
    for (let i = 0; i < 10_000; i++) {
      const commands = [take(`instance ${i}`, 'web'), release(`instance ${i - 3}`)];
      for (const command of commands.toReversed())
        for (const event of addressPool.decide(command, pool)) pool = addressPool.evolve(pool, event);
    }
    expect([...takenOf(pool)].map(([address]) => address).toSorted()).toEqual(['10.0.0.1', '10.0.0.2', '10.0.0.3']);
  });

  snapshotLaws(addressPool, commands);
});
