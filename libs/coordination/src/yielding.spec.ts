import { temporaryFolder } from '@souk/event-sourcing/testing';
import { LmdbEventStore } from '@souk/event-store';
import { SimulatedNode, SimulatedTime, FarEventStore, perfectNetwork } from '../testing';
import { LeaseKeeper } from './lease-keeper';
import { Yielding } from './yielding';

const TERM = 6_000;
const PATIENCE = 15_000;

describe('A holder that is cut off from what it needs', () => {
  const folder = temporaryFolder();
  let store: LmdbEventStore;
  let time: SimulatedTime;
  let leases = 0;
  beforeAll(async () => {
    store = await LmdbEventStore.open({ directory: folder.path });
  });
  beforeEach(() => {
    time = new SimulatedTime();
    leases++;
  });
  afterAll(async () => {
    await store.close();
    folder.remove();
  });

  const replica = async (holder: string, isWell: () => boolean) => {
    const node = new SimulatedNode(time);
    const far = new FarEventStore(store, time, node, perfectNetwork);
    const keeper = new LeaseKeeper(far, node.monotonic, { lease: `bus-${leases}`, holder, termMs: TERM });
    const yielding = new Yielding(keeper, node.monotonic, { isWell, patienceMs: PATIENCE, pauseMs: TERM });
    await keeper.start();
    yielding.start();
    const stop = async () => {
      yielding.stop();
      await keeper.stop();
    };
    return { held: () => keeper.activity.held(), stop };
  };

  it('leaves the work to a stand-by', async () => {
    const [cutOff, healthy] = [await replica('one', () => false), await replica('two', () => true)];
    await time.advanceTo(0.9 * PATIENCE);
    expect([cutOff.held(), healthy.held()]).toEqual([true, false]);
    await time.advanceTo(2 * PATIENCE);
    expect([cutOff.held(), healthy.held()]).toEqual([false, true]);
    await time.advanceTo(5 * PATIENCE);
    expect([cutOff.held(), healthy.held()]).toEqual([false, true]);
    await Promise.all([cutOff.stop(), healthy.stop()]);
  });

  it('tries again where nobody else does', async () => {
    let isWell = false;
    const alone = await replica('one', () => isWell);
    const seen = new Set<boolean>();
    await time.advanceTo(2 * PATIENCE, () => seen.add(alone.held()));
    expect(seen).toEqual(new Set([true, false]));
    isWell = true;
    await time.advanceTo(4 * PATIENCE);
    expect(alone.held()).toBe(true);
    await alone.stop();
  });

  it('keeps the lease through a short absence', async () => {
    const start = time.now;
    const one = await replica('one', () => time.now - start > PATIENCE / 2);
    await time.advanceTo(3 * PATIENCE, () => expect(one.held()).toBe(true));
    await one.stop();
  });
});
