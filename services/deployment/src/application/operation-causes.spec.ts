import type { EventStore } from '@souk/event-sourcing';
import { OperationCauses } from './operation-causes';

describe('The causes of operations', () => {
  it('are read once as long as they are spoken of, and are not kept for ever', async () => {
    let reads = 0;
    const readStream = async function* () {
      reads++;
      yield* [];
    };
    const causes = new OperationCauses({ readStream } as unknown as EventStore);
    const speakOf = (operation: number) => causes.traceparent('inst_1', `op_${operation}`);
    for (const _ of [1, 2]) await speakOf(0);
    expect(reads).toBe(1);
    for (let operation = 1; operation <= 10_000; operation++) await speakOf(operation);
    expect(reads).toBe(10_001);
    await speakOf(0);
    expect(reads).toBe(10_002);
  });
});
