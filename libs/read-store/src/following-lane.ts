import type { EventStore, Position, RecordedEvent, Subscription } from '@souk/event-sourcing';
import { earliest } from './earliest';
import { ModelFollower } from './model-follower';
import type { ProjectedModel } from './projected-model';

/** Once live, events of so many milliseconds come together, as they do where they are folded. */
const PAUSE_MS = 5;
/** Read models that another process folds, fed by one subscription. Nothing is asked for while nothing happens. */
export class FollowingLane {
  private readonly followers: readonly ModelFollower[];
  private subscription: Subscription | undefined;
  private timer: NodeJS.Timeout | undefined;
  private looking: Promise<void> = Promise.resolve();
  private isLooking = false;
  private closed = false;

  /** @param onFailure called once: a store failed, or the subscription ended. Nothing is done any more but `close` */
  constructor(
    private readonly models: readonly ProjectedModel[],
    private readonly eventStore: EventStore,
    private readonly batchSize: number,
    private readonly onFailure: (error: unknown) => void,
  ) {
    this.followers = models.map((model) => new ModelFollower(model, eventStore));
    for (const follower of this.followers)
      follower.model.onAwaited(() => {
        follower.hurry();
        this.lookInTime();
      });
  }

  /** Documents are to come of which somebody wants to know. */
  get isExpecting(): boolean {
    return this.followers.some(({ isExpecting }) => isExpecting);
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
    this.lookInTime();
  }

  /** When the first of them is due. */
  private lookInTime(): void {
    clearTimeout(this.timer);
    if (this.closed || this.isLooking || !this.isExpecting) return;
    const due = Math.min(...this.followers.map(({ lookAt }) => lookAt));
    this.timer = setTimeout(
      () => {
        this.isLooking = true;
        this.looking = this.look().then(
          () => {
            this.isLooking = false;
            this.lookInTime();
          },
          (error: unknown) => this.fail(error),
        );
      },
      Math.max(0, due - performance.now()),
    );
  }

  private async look(): Promise<void> {
    const now = performance.now();
    await Promise.all(this.followers.filter(({ lookAt }) => lookAt <= now).map((follower) => follower.look()));
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
