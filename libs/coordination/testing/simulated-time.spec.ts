import { SimulatedNode, SimulatedTime } from './simulated-time';

describe('A frozen node of a simulation', () => {
  const ran: string[] = [];
  let time: SimulatedTime;
  let node: SimulatedNode;

  beforeEach(() => {
    ran.length = 0;
    time = new SimulatedTime();
    node = new SimulatedNode(time);
  });

  it('does what was due when it is no longer frozen, in the order in which it was due', async () => {
    node.monotonic.after(10, () => ran.push(`first at ${time.now}`));
    node.monotonic.after(20, () => ran.push(`second at ${time.now}`));
    node.freeze(100);
    await time.advanceTo(99);
    expect(ran).toEqual([]);
    await time.advanceTo(200);
    expect(ran).toEqual(['first at 100', 'second at 100']);
  });

  it('does not run a timer that was cancelled after it was due', async () => {
    const cancel = node.monotonic.after(20, () => ran.push('cancelled'));
    node.monotonic.after(10, () => {
      ran.push('cancels');
      cancel();
    });
    node.freeze(100);
    await time.advanceTo(200);
    expect(ran).toEqual(['cancels']);
  });
});
