import type { EventStore, Position, RecordedEvent, Subscription } from '@souk/event-sourcing';
import { earliest } from './earliest';
import { ModelFollower } from './model-follower';
import type { ProjectedModel } from './projected-model';

/** Once live, events of so many milliseconds come together, as they do where they are folded. */
const PAUSE_MS = 5;
/** How soon after an event it is looked whether its documents are there, and how often then. */
const LOOK_MS = { first: 10, then: 25 };

/** Read models that another process folds, fed by one subscription. Nothing is asked for while nothing happens. */
export class FollowingLane {
  private readonly followers: readonly ModelFollower[];
  private subscription: Subscription | undefined;
  private timer: NodeJS.Timeout | undefined;
  private looking: Promise<void> = Promise.resolve();
  private closed = false;

  /** @param onFailure called once: a store failed, or the subscription ended. Nothing is done any more but `close` */
  constructor(
    private readonly models: readonly ProjectedModel[],
    private readonly eventStore: EventStore,
    private readonly batchSize: number,
    private readonly onFailure: (error: unknown) => void,
  ) {
    this.followers = models.map((model) => new ModelFollower(model, eventStore));
  }

  start(): void {
    const after = earliest(this.models.map((model) => model.checkpoint()));
    const streamPrefixes = [...new Set(this.models.flatMap(({ projection }) => projection.streamPrefixes))];
    this.subscription = this.eventStore.subscribe(
      { ...(after !== undefined && { after }), filter: { streamPrefixes }, batchSize: this.batchSize, pauseMs: PAUSE_MS },
      {
        onEvents: (events) => this.hear(events, events.at(-1)!.position),
        onCheckpoint: (position) => this.hear([], position),
        onEnd: (error) => this.fail(error),
      },
    );
  }

  /** Fulfilled when nothing runs any more. */
  async close(): Promise<void> {
    this.end();
    await this.subscription?.close();
    await this.looking;
  }

  private hear(events: readonly RecordedEvent[], upTo: Position): void {
    if (this.closed) return;
    for (const follower of this.followers) follower.hear(events, upTo);
    this.lookIn(LOOK_MS.first);
  }

  private lookIn(ms: number): void {
    if (this.closed || this.timer || !this.followers.some(({ isExpecting }) => isExpecting)) return;
    this.timer = setTimeout(() => {
      this.looking = this.look().then(
        () => {
          this.timer = undefined;
          this.lookIn(LOOK_MS.then);
        },
        (error: unknown) => this.fail(error),
      );
    }, ms);
  }

  private async look(): Promise<void> {
    const expecting = this.followers.filter(({ isExpecting }) => isExpecting);
    await Promise.all(expecting.map((follower) => follower.look()));
  }

  private fail(error: unknown): void {
    if (this.closed) return;
    this.end();
    this.onFailure(error);
  }

  private end(): void {
    this.closed = true;
    clearTimeout(this.timer);
    for (const follower of this.followers) follower.close();
  }
}
