import { type AppendResult, type EventToAppend, type ExpectedRevision, ForwardingEventStore } from '@souk/event-sourcing';

/** The event store as one process sees it: when that is dead, nothing of it is appended any more. */
export class MortalEvents extends ForwardingEventStore {
  private dead = false;
  private readonly appending = new Set<Promise<unknown>>();

  /** What was on its way to the disk arrives there, and nobody hears of it. */
  async die(): Promise<void> {
    this.dead = true;
    await Promise.allSettled(this.appending);
  }

  override async append(stream: string, expected: ExpectedRevision, events: readonly EventToAppend[]): Promise<AppendResult> {
    this.refuseWhenDead();
    const appended = super.append(stream, expected, events);
    this.appending.add(appended);
    try {
      const result = await appended;
      this.refuseWhenDead();
      return result;
    } finally {
      this.appending.delete(appended);
    }
  }

  private refuseWhenDead(): void {
    if (this.dead) throw new Error('this process is dead');
  }
}
