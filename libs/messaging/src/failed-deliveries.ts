import type { RecordedEvent } from '@souk/event-sourcing';
import { backOff, type RetryOptions } from './back-off';
import type { BusTrouble, DeliveryFailure, DeliveryOutcome } from './bus-stats';
import type { Delivery } from './delivery';
import type { GroupParking } from './parking/group-parking';
import { isTransient } from './parking/transient';
import type { Lane, SubjectLanes } from './subject-lanes';
import type { Timers } from './timers';

export interface FailureOptions {
  readonly retry: RetryOptions;
  readonly timers: Timers;
  readonly random: () => number;
  readonly now: () => Date;
  /** Attempts after which a message is parked. */
  readonly maxAttempts: number;
  readonly onFailure: (failure: DeliveryFailure) => void;
  readonly onTrouble: (trouble: BusTrouble) => void;
}

interface Continuation {
  /** The pause of a lane is over, or that of something else. */
  readonly resume: (lane?: Lane) => void;
  readonly count: (outcome: DeliveryOutcome) => void;
}

/** What becomes of messages that failed: they are tried again, and their subject waits; in the end they are parked, and their subject with them. */
export class FailedDeliveries {
  private readonly waiting = new Map<object, () => void>();
  private state: 'running' | 'stopping' | 'forgotten' = 'running';

  constructor(
    private readonly group: string,
    private readonly lanes: SubjectLanes,
    private readonly delivery: Delivery,
    private readonly parking: GroupParking,
    private readonly options: FailureOptions & Continuation,
  ) {}

  /**
   * Fulfilled when the lane waits, or is parked.
   * @param event the first of the lane; without it, it was a store that failed, which says nothing about a message
   */
  async handle(lane: Lane, event: RecordedEvent | undefined, error: unknown): Promise<void> {
    const { maxAttempts, now, count } = this.options;
    const at = now().toISOString();
    const { attempts, held } = this.lanes.fail(lane, error, { transient: !event || isTransient(error), at });
    const givesUp = event !== undefined && held >= maxAttempts;
    count('failed');
    const retryInMs = this.pause(attempts);
    this.tell(lane, event, error, givesUp ? undefined : retryInMs);
    if (givesUp && (await this.park(lane, event, at))) return;
    this.after(retryInMs, lane, () => this.options.resume(lane));
  }

  /** @param failures in a row, from 1 */
  later(what: object, failures: number, run: () => void): void {
    this.after(this.pause(failures), what, () => {
      run();
      this.options.resume();
    });
  }

  /** Nothing is tried again from now on. */
  stop(): void {
    this.state = 'stopping';
    for (const cancel of this.waiting.values()) cancel();
  }

  /** What is recorded from now on is for the next run. */
  forget(): void {
    this.state = 'forgotten';
  }

  /** @returns whether it is parked now; it is not where that could not be recorded */
  private async park(lane: Lane, event: RecordedEvent, at: string): Promise<boolean> {
    try {
      const parked = await this.parking.park(lane, event, await this.delivery.envelopeOf(event), at);
      if (this.state === 'forgotten') return true;
      parked();
      this.options.count('parked');
      return true;
    } catch (error) {
      this.options.onTrouble({ what: 'parking', group: this.group, error });
      return false;
    }
  }

  private tell(lane: Lane, event: RecordedEvent | undefined, error: unknown, retryInMs: number | undefined): void {
    const { id, type, revision = lane.next } = event ?? {};
    this.options.onFailure({
      group: this.group,
      event: { subject: lane.subject, revision, ...(id && { id }), ...(type && { type }) },
      attempt: lane.failure!.attempts,
      error,
      retryInMs,
    });
  }

  private after(ms: number, what: object, run: () => void): void {
    if (this.state !== 'running') return;
    const cancel = this.options.timers.after(ms, () => {
      this.waiting.delete(what);
      run();
    });
    this.waiting.set(what, cancel);
  }

  private pause(failures: number): number {
    return backOff(this.options.retry, failures, this.options.random());
  }
}
