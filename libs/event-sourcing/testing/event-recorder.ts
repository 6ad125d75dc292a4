import type { Position, RecordedEvent, SubscriptionHandler } from '@souk/event-sourcing';

/** A handler that keeps what it gets; tests wait for what they want to see. */
export class EventRecorder implements SubscriptionHandler {
  readonly events: RecordedEvent[] = [];
  readonly batches: number[] = [];
  readonly checkpoints: Position[] = [];
  /** What it got, in order, each as a position. */
  readonly trace: Position[] = [];
  readonly ends: unknown[] = [];
  private readonly waiting = new Set<() => void>();

  /** `onBatch` runs for each batch before it counts as got; it may reject. */
  constructor(private readonly onBatch: (events: readonly RecordedEvent[]) => Promise<void> | void = () => undefined) {}

  async onEvents(events: readonly RecordedEvent[]): Promise<void> {
    await this.onBatch(events);
    this.events.push(...events);
    this.batches.push(events.length);
    this.trace.push(...events.map(({ position }) => position));
    this.notify();
  }

  onCheckpoint(position: Position): void {
    this.checkpoints.push(position);
    this.trace.push(position);
    this.notify();
  }

  onEnd(error: unknown): void {
    this.ends.push(error);
    this.notify();
  }

  /** Waits until this is so; asked again after each thing that it gets. */
  until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const check = (): void => {
        if (!condition()) return;
        this.waiting.delete(check);
        resolve();
      };
      this.waiting.add(check);
      check();
    });
  }

  /** Waits until it has got that many events. */
  got(count: number): Promise<void> {
    return this.until(() => this.events.length >= count);
  }

  private notify(): void {
    for (const check of this.waiting) check();
  }
}
