import type { EventStore } from '@souk/event-sourcing';
import { LeaseKeeper } from '@souk/coordination';
import { FarEventStore } from './far-event-store';
import { randomFrom, SimulatedNode, SimulatedTime } from './simulated-time';

export interface LeaseSimulation {
  readonly seed: number;
  readonly keepers: number;
  /** True milliseconds of trouble; peace follows. */
  readonly troubleMs: number;
}

export interface LeaseFindings {
  /** Moments at which more than one believed to hold the lease. */
  readonly heldTwice: number;
  /** Terms whose token was not greater than those before. */
  readonly tokensBack: number;
  readonly terms: number;
  /** Somebody holds it, soon after the trouble is over. */
  readonly heldInTheEnd: boolean;
}

const TERM = 10_000;
/** Monotonic clocks run so much too fast or too slow, at most. Real ones differ by a hundredth of it. */
const DRIFT = 0.05;

interface Process {
  readonly node: SimulatedNode;
  readonly rate: number;
  readonly keeper: LeaseKeeper;
}

/**
 * Keepers with clocks of their own, that are frozen, killed, restarted and cut off from the store, over a store that is real. Judged by
 * true time, which none of them knows.
 */
export async function simulateLeases(store: EventStore, { seed, keepers, troubleMs }: LeaseSimulation): Promise<LeaseFindings> {
  const random = randomFrom(seed);
  const time = new SimulatedTime();
  const lease = `simulation-${seed}`;
  let trouble = true;
  const network = {
    delay: () => (trouble && random() < 0.05 ? random() * 2 * TERM : 1 + random() * 50),
    loses: () => trouble && random() < 0.1,
  };
  /** Every process that ever ran, but those that were killed. */
  const running = new Set<LeaseKeeper>();
  let starts = 0;
  const start = (rate: number): Process => {
    const node = new SimulatedNode(time, rate);
    const options = { lease, holder: `process-${starts++}`, termMs: TERM };
    const keeper = new LeaseKeeper(new FarEventStore(store, time, node, network), node.monotonic, options);
    running.add(keeper);
    void keeper.start();
    return { node, rate, keeper };
  };
  const computers = Array.from({ length: keepers }, () => start(1 + (random() * 2 - 1) * DRIFT));

  let heldTwice = 0;
  let tokensBack = 0;
  let terms = 0;
  let lastToken = -1;
  const judge = (): void => {
    const tokens = [...running].flatMap((keeper) => keeper.held()?.token ?? []);
    if (tokens.length > 1) heldTwice++;
    for (const token of tokens) {
      if (token === lastToken) continue;
      if (token < lastToken) tokensBack++;
      terms++;
      lastToken = token;
    }
  };

  const mischief = (): void => {
    if (!trouble) return;
    const at = Math.floor(random() * computers.length);
    const { node, rate, keeper } = computers[at]!;
    const kind = random();
    if (kind < 0.5) node.freeze(random() * 3 * TERM);
    else {
      if (kind < 0.75) void keeper.stop();
      else kill(node, keeper);
      computers[at] = start(rate);
    }
    time.at(time.now + random() * TERM, mischief);
  };
  const kill = (node: SimulatedNode, keeper: LeaseKeeper): void => {
    // None of its timers and answers is ever heard again; what it has sent may still arrive.
    node.freeze(Infinity);
    running.delete(keeper);
  };
  time.at(random() * TERM, mischief);
  // Looked at often, not only when something happens: leases run out between events.
  const look = (): void => void time.at(time.now + 100, look);
  look();

  await time.advanceTo(troubleMs, judge);
  trouble = false;
  await time.advanceTo(troubleMs + 10 * TERM, judge);
  return { heldTwice, tokensBack, terms, heldInTheEnd: [...running].some((keeper) => keeper.held() !== undefined) };
}
