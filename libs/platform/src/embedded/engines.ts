import { inProcessBus } from './wiring';
import { openResources, type ResourceOptions } from './resources';
import { EmbeddedStorageHealth } from '../observability/storage-health';
import type { BusOptions, Engines } from '../engines';

/** Milliseconds; only the pause after a store that failed follows from it. */
const LEASE_TERM = 10_000;

/** Everything in this process, nothing to install: LMDB below `dataDir`, the bus a subscription to the event store. */
export async function openEmbedded(options: ResourceOptions, bus: BusOptions): Promise<Engines> {
  const { events, reads, vault } = await openResources(options);
  return {
    events,
    reads,
    vault,
    snapshots: reads.snapshots,
    storage: new EmbeddedStorageHealth({ 'event-store': events, 'read-models': reads, vault }),
    // Who has the data folder open is alone, by its lock: every earlier holder is dead.
    leases: { termMs: LEASE_TERM, sole: true },
    leaseNames: { deadlines: 'deadlines' },
    bus: (parts) => inProcessBus(bus, parts),
    close: async () => {
      await Promise.all([events.close(), reads.close(), vault.close()]);
    },
  };
}
