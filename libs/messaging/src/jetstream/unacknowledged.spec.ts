import { Unacknowledged } from './unacknowledged';

describe('What waits for a durable checkpoint', () => {
  const acknowledged: number[] = [];
  const receipt = (sequence: number) => ({ sequence, acknowledge: () => void acknowledged.push(sequence) });
  beforeEach(() => {
    acknowledged.length = 0;
  });

  it('is acknowledged up to what the checkpoint has', () => {
    const waiting = new Unacknowledged();
    for (const sequence of [3, 4, 7]) waiting.add(receipt(sequence));
    waiting.acknowledgeUpTo(4);
    expect([acknowledged, waiting.size]).toEqual([[3, 4], 1]);
  });

  it('is never more than the broker waits for, though no checkpoint becomes durable', () => {
    const waiting = new Unacknowledged();
    const mostPending = 10;
    for (let sequence = 1; sequence <= 1_000; sequence++) {
      // It delivers nothing new then: what it has delivered comes again, and is acknowledged.
      if (waiting.size === mostPending) waiting.acknowledgeUpTo(sequence - 1);
      waiting.add(receipt(sequence));
    }
    expect(waiting.size).toBeLessThanOrEqual(mostPending);
    expect(acknowledged).toHaveLength(1_000 - waiting.size);
  });
});
