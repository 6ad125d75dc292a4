import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Problem } from '@souk/event-sourcing';
import { type Topology, validationOf, warningsOf } from '@souk/topology';

export interface Validated {
  /** In the way of a release. */
  readonly problems: readonly Problem[];
  /** To be looked at, and in nobody's way. */
  readonly warnings: readonly Problem[];
}

/** Everything that there is to say about a topology. Leaves the event loop to others after every few hundred nodes. */
export async function validated(topology: Topology): Promise<Validated> {
  const validation = validationOf(topology);
  let step = validation.next();
  while (!step.done) {
    await nextTurn();
    step = validation.next();
  }
  return { problems: step.value, warnings: warningsOf(topology) };
}
