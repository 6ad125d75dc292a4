import { comparePositions, type EventStore, ordinalOf, type Position, type RecordedEvent } from '@souk/event-sourcing';
import type { GroupReceiver, GroupSource, MessagePlace, Place, SubjectPage } from './group-source';
import { ResilientSubscription, type ResilientSubscriptionOptions } from './resilient-subscription';

/** A checkpoint of the subscription counts as so many: live, one comes every few milliseconds while anything at all is appended. */
const PASSED_AT_A_CHECKPOINT = 16;

/** The events of a group from the event store itself: a durable catch-up subscription, in the order of the whole store. */
export class StoreSource implements GroupSource {
  private subscription: ResilientSubscription | undefined;
  private receiver: GroupReceiver | undefined;
  private readonly after: Position | undefined;

  /** @throws PositionGone when the place belongs to another generation of the store */
  constructor(
    private readonly store: EventStore,
    place: Place | undefined,
    private readonly options: Pick<ResilientSubscriptionOptions, 'timers' | 'pause'>,
  ) {
    const position = place?.['position'];
    this.after = typeof position === 'string' ? store.parsePosition(position) : undefined;
  }

  get broken(): boolean {
    return this.subscription?.broken ?? false;
  }

  get position(): Position | undefined {
    return this.subscription ? this.subscription.position : this.after;
  }

  start(receiver: GroupReceiver): void {
    this.receiver = receiver;
    const subscription = new ResilientSubscription(this.store, {
      ...this.options,
      types: receiver.types,
      after: this.after,
      onEvents: async (events) => {
        for (const event of events) {
          const taken = receiver.take(event, () => subscription.moveTo(event.position));
          if (taken) await taken;
        }
      },
      onPassed: () => receiver.passedBy(PASSED_AT_A_CHECKPOINT),
      onTrouble: (error) => receiver.trouble(error),
    });
    this.subscription = subscription;
    subscription.start();
  }

  async close(): Promise<void> {
    await this.subscription?.close();
  }

  place(): Place {
    return { position: this.position ?? null };
  }

  kept(): void {
    // The store keeps everything: nobody waits for it.
  }

  hasShown({ position }: Pick<MessagePlace, 'position'>): boolean {
    return this.position !== undefined && comparePositions(this.position, position) >= 0;
  }

  async lastShown({ subject }: MessagePlace, from: number): Promise<number> {
    for await (const event of this.store.readStream(subject, { direction: 'backwards' }))
      if (this.hasShown(event)) return Math.max(event.revision, from - 1);
    return from - 1;
  }

  async read(subject: string, from: number, maxCount: number): Promise<SubjectPage> {
    const events: RecordedEvent[] = [];
    for await (const event of this.store.readStream(subject, { from, maxCount })) events.push(event);
    return { events, upTo: events.at(-1)?.revision };
  }

  async reached(position: Position): Promise<() => boolean> {
    const last = await this.lastUpTo(position);
    return () => last === undefined || this.hasShown({ position: last });
  }

  async behind(): Promise<number> {
    return Math.max(0, ordinalOf(await this.store.head()) - ordinalOf(this.position));
  }

  async progress(): Promise<string | undefined> {
    return this.hasShown({ position: await this.store.head() }) ? undefined : (this.position ?? '');
  }

  /** The last event up to this position that passes the subscription's filter, where it was not seen yet. */
  private async lastUpTo(position: Position): Promise<Position | undefined> {
    if (!this.receiver || this.hasShown({ position })) return undefined;
    const backwards = this.store.readAll({ direction: 'backwards', filter: { types: this.receiver.types } });
    for await (const event of backwards) if (comparePositions(event.position, position) <= 0) return event.position;
    return undefined;
  }
}
