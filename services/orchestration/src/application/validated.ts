import { inSlices, type Problem } from '@souk/event-sourcing';
import { type Topology, validationOf, warningsOf } from '@souk/topology';

export interface Validated {
  /** In the way of a release. */
  readonly problems: readonly Problem[];
  /** To be looked at, and in nobody's way. */
  readonly warnings: readonly Problem[];
}

/** Everything that there is to say about a topology. Leaves the event loop to others every few milliseconds. */
export async function validated(topology: Topology): Promise<Validated> {
  return { problems: await inSlices(validationOf(topology)), warnings: warningsOf(topology) };
}
