import type { EventStore } from '@souk/event-sourcing';
import { LeaseKeeper, type LeaseOptions } from './lease-keeper';
import type { MonotonicClock } from './monotonic-clock.port';

/** The leases that this process takes part in: one keeper for each, however many ask for it. */
export class Leases {
  private readonly keepers = new Map<string, LeaseKeeper>();

  constructor(
    private readonly store: EventStore,
    private readonly clock: MonotonicClock,
    private readonly options: Omit<LeaseOptions, 'lease'>,
  ) {}

  /** Started by whoever does what it is for. */
  keeper(lease: string): LeaseKeeper {
    const known = this.keepers.get(lease);
    if (known) return known;
    const keeper = new LeaseKeeper(this.store, this.clock, { ...this.options, lease });
    this.keepers.set(lease, keeper);
    return keeper;
  }

  /** Gives one back that is not wanted any more, and forgets it: whoever asks for that lease again gets another keeper. */
  async giveUp(keeper: LeaseKeeper): Promise<void> {
    if (this.keepers.get(keeper.lease) === keeper) this.keepers.delete(keeper.lease);
    await keeper.stop();
  }

  /** For metrics: whether each of them is held here. */
  held(): readonly { readonly lease: string; readonly held: boolean }[] {
    return [...this.keepers].map(([lease, keeper]) => ({ lease, held: keeper.held() !== undefined }));
  }

  /** Gives all of them back. */
  async stop(): Promise<void> {
    await Promise.all([...this.keepers.values()].map((keeper) => keeper.stop()));
  }
}
