import { ConsumerGroups } from './consumer-groups';
import { type ConsumerGroup, EventBus, type Publication } from './event-bus.port';
import { Publications } from './publications';

/** A bus as far as it is the same over every broker: what is told and heard is said before its start, and it starts and stops once. */
export abstract class StartableBus extends EventBus {
  protected readonly publications = new Publications();
  protected readonly groups = new ConsumerGroups();
  private starting: Promise<void> | undefined;
  private stopping: Promise<void> | undefined;

  override publish(publication: Publication): void {
    this.refuseWhenStarted();
    this.publications.add(publication);
  }

  /** @throws Error for a name that is taken, or not lower-kebab-case */
  override consume(group: ConsumerGroup): void {
    this.refuseWhenStarted();
    this.groups.add(group);
  }

  /** Once, however often it is called. @throws PositionGone when the event store is another one than that of the checkpoints */
  override async start(): Promise<void> {
    await this.stopping;
    this.starting ??= this.begin().catch((error: unknown) => {
      this.starting = undefined;
      throw error;
    });
    await this.starting;
  }

  /** Once, however often it is called. All that was acknowledged is durable then, unless the read store refuses it. Default: 1,500 ms. */
  override async stop(graceMs = 1_500): Promise<void> {
    if (!this.starting) return;
    this.stopping ??= this.stopAfter(this.starting, graceMs).finally(() => {
      this.starting = undefined;
      this.stopping = undefined;
    });
    await this.stopping;
  }

  protected get isStopping(): boolean {
    return this.stopping !== undefined;
  }

  /** Fulfilled when it has started. @throws Error when it is not to run */
  protected async started(): Promise<void> {
    if (!this.starting) throw new Error('the bus is not running');
    await this.starting;
  }

  /** Leaves nothing running when it throws. */
  protected abstract begin(): Promise<void>;
  protected abstract end(graceMs: number): Promise<void>;

  private async stopAfter(starting: Promise<void>, graceMs: number): Promise<void> {
    await starting.catch(() => undefined);
    await this.end(graceMs);
  }

  private refuseWhenStarted(): void {
    if (this.starting) throw new Error('the bus was started: publications and consumer groups come before');
  }
}
