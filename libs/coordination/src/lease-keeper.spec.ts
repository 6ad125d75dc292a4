import { collect, temporaryFolder } from '@souk/event-sourcing/testing';
import { LmdbEventStore } from '@souk/event-store';
import { FarEventStore, perfectNetwork, SimulatedNode, SimulatedTime, simulateLeases } from '../testing';
import { LeaseKeeper } from './lease-keeper';

const TERM = 10_000;

describe('A lease', () => {
  const folder = temporaryFolder();
  let store: LmdbEventStore;
  let leases = 0;
  let lease: string;
  let time: SimulatedTime;
  beforeAll(async () => {
    store = await LmdbEventStore.open({ directory: folder.path });
  });
  beforeEach(() => {
    lease = `lease${leases++}`;
    time = new SimulatedTime();
  });
  afterAll(async () => {
    await store.close();
    folder.remove();
  });

  const keeper = (holder: string, node = new SimulatedNode(time), { sole = false, network = perfectNetwork } = {}) =>
    new LeaseKeeper(new FarEventStore(store, time, node, network), node.monotonic, { lease, holder, termMs: TERM, sole });
  const facts = async () => (await collect(store.readStream(`lease-${lease}`))).map(({ type }) => type);

  it('that is free is held at once, and as long as it is renewed', async () => {
    const one = keeper('one');
    await one.start();
    expect(one.held()).toEqual({ token: 0 });
    await time.advanceTo(5 * TERM + 1, () => expect(one.held()).toEqual({ token: 0 }));
    expect(await facts()).toEqual(['LeaseTaken', ...Array.from({ length: 15 }, () => 'LeaseRenewed')]);
    await one.stop();
  });

  it('is taken over when it was not renewed for a term, by a greater token', async () => {
    const node = new SimulatedNode(time);
    const one = keeper('one', node);
    const two = keeper('two');
    await one.start();
    await two.start();
    node.freeze(Infinity);
    await time.advanceTo(0.99 * TERM);
    expect(two.held()).toBeUndefined();
    expect(one.held()).toBeUndefined();
    await time.advanceTo(1.4 * TERM);
    expect(two.held()).toEqual({ token: 1 });
  });

  it('is not held any more by who was frozen, from the moment of waking up', async () => {
    const node = new SimulatedNode(time);
    const one = keeper('one', node);
    await one.start();
    node.freeze(0.9 * TERM);
    await time.advanceTo(0.9 * TERM - 1);
    expect(one.held()).toBeUndefined();
    // Nobody wanted it: it goes on with the renewal that it was late for.
    await time.advanceTo(TERM);
    expect(one.held()).toEqual({ token: 0 });
    await one.stop();
  });

  it('is lost by who comes too late to renew it', async () => {
    const node = new SimulatedNode(time);
    const one = keeper('one', node);
    const two = keeper('two');
    await one.start();
    await two.start();
    node.freeze(2 * TERM);
    await time.advanceTo(3 * TERM);
    expect([one.held(), two.held()]).toEqual([undefined, { token: 1 }]);
    await one.stop();
    await two.stop();
  });

  it('is free at once when its holder stops', async () => {
    const one = keeper('one');
    await one.start();
    await one.stop();
    expect(one.held()).toBeUndefined();
    const two = keeper('two');
    await two.start();
    expect(two.held()).toEqual({ token: 2 });
    await two.stop();
    expect(await facts()).toEqual(['LeaseTaken', 'LeaseReleased', 'LeaseTaken', 'LeaseReleased']);
  });

  it('is taken within moments by who waits for it, when its holder gives it back', async () => {
    const one = keeper('one');
    const two = keeper('two');
    await one.start();
    await two.start();
    await time.advanceTo(10 * TERM);
    await one.stop();
    await time.advanceTo(10 * TERM + 200);
    expect(two.held()).toEqual({ token: (await facts()).length - 1 });
    await two.stop();
  });

  it('tells who listens when it is gained, lost and given back', async () => {
    const node = new SimulatedNode(time);
    const one = keeper('one', node);
    const two = keeper('two');
    const told: [number, boolean][] = [];
    const stop = one.changes(() => told.push([time.now, one.activity.held()]));
    await one.start();
    await two.start();
    node.freeze(2 * TERM);
    await time.advanceTo(2 * TERM);
    expect(told).toEqual([
      [0, true],
      [2 * TERM, false],
    ]);
    await two.stop();
    await time.advanceTo(3 * TERM);
    expect(one.activity.held()).toBe(true);
    await one.stop();
    expect(told.map(([, held]) => held)).toEqual([true, false, true, false]);
    stop();
    await one.start();
    expect(told).toHaveLength(4);
    await one.stop();
  });

  it('tells who listens when it runs out because nothing can be renewed', async () => {
    let cutOff = false;
    const one = keeper('one', undefined, { network: { delay: () => 0, loses: () => cutOff } });
    const told: number[] = [];
    one.changes(() => told.push(time.now));
    await one.start();
    cutOff = true;
    await time.advanceTo(2 * TERM);
    expect(told).toEqual([0, 0.8 * TERM]);
  });

  it('is counted from the append whose answer got lost, not from the one that told of it', async () => {
    let answers = 0;
    const isLost = (nth: number): boolean => nth === 1 || nth > 2;
    const network = { delay: () => 0, loses: (what: string) => what === 'answer' && isLost(answers++) };
    const one = keeper('one', undefined, { network });
    void one.start();
    await time.advanceTo(0.29 * TERM);
    expect(one.held()).toBeUndefined();
    // Read, appended, no answer; the same append a while later answers what the first one did.
    await time.advanceTo(0.3 * TERM);
    expect(one.held()).toEqual({ token: 0 });
    expect(await facts()).toEqual(['LeaseTaken']);
    await time.advanceTo(0.8 * TERM - 1);
    expect(one.held()).toEqual({ token: 0 });
    await time.advanceTo(0.8 * TERM);
    expect(one.held()).toBeUndefined();
  });

  it('is taken over at once, and kept without renewing it, by one who is known to be alone', async () => {
    const dead = keeper('dead', new SimulatedNode(time));
    await dead.start();
    const sole = keeper('sole', undefined, { sole: true });
    await sole.start();
    expect(sole.held()).toEqual({ token: 1 });
    await time.advanceTo(0.3 * TERM);
    expect(await facts()).toEqual(['LeaseTaken', 'LeaseTaken']);
    expect(sole.held()).toEqual({ token: 1 });
    await sole.stop();
  });

  it.each([1, 2, 3, 4, 5])(
    'is never held by two, and always by somebody in the end, whatever happens to processes, clocks and answers (seed %i)',
    async (seed) => {
      const findings = await simulateLeases(store, { seed, keepers: 4, troubleMs: 60 * TERM });
      expect(findings).toMatchObject({ heldTwice: 0, tokensBack: 0, heldInTheEnd: true });
      expect(findings.terms).toBeGreaterThan(5);
    },
  );
});
