import type { RecordedEvent } from '@souk/event-sourcing';
import type { MessagePlace } from '../group-source';
import type { HeldSubject, Lane, SubjectLanes } from '../subject-lanes';
import type { ExistingParkedMessage } from './parked-message';
import type { MessageDiscarded, MessageReplayRequested, ParkedEnvelope } from './parked-message.events';
import { type ParkedLane, ParkedSubjects } from './parked-subjects';
import type { ParkingLedger } from './parking-ledger';
import { reasonOf } from './failure-reason';

/** An operator's decision, as it was recorded. */
export type ParkingDecided = RecordedEvent<MessageReplayRequested> | RecordedEvent<MessageDiscarded>;

/**
 * The parked lanes of one group. Between lanes at work and parked ones there is always a fact: a lane is parked when that is recorded,
 * goes on when that is, and what was parked is over when that is. So it does not matter where a process ends, and checkpoints say nothing
 * of what is parked.
 */
export class GroupParking {
  private readonly parked = new ParkedSubjects();
  /** Subjects whose parking is being recorded, with what was decided about it before this process heard that it is. */
  private readonly recording = new Map<string, ParkingDecided | undefined>();

  constructor(
    private readonly group: string,
    private readonly lanes: SubjectLanes,
    private readonly ledger: ParkingLedger,
  ) {}

  get size(): number {
    return this.parked.size;
  }

  /**
   * Takes over what the facts say, before the first event is shown.
   * @param held of the checkpoint, which may be older or newer than the facts
   * @returns what of it is not parked
   */
  restore(
    parked: readonly ParkedLane[],
    held: readonly HeldSubject[],
    hasShown: (message: MessagePlace) => boolean,
  ): readonly HeldSubject[] {
    for (const lane of parked) this.parked.add(lane, hasShown(lane));
    return held.filter(([subject, next, seen]) => {
      const lane = this.parked.get(subject);
      if (lane?.due) this.parked.goOn(lane, next);
      return !lane && next <= seen;
    });
  }

  /** Whether the event waits behind a parked one, or was handled before that was parked. */
  takes(event: RecordedEvent): boolean {
    return this.parked.takes(event);
  }

  held(): readonly HeldSubject[] {
    return this.parked.held();
  }

  /**
   * Records that the first event of a lane, which has failed, is given up on.
   * @returns parks the lane
   * @throws what the store throws
   */
  async park(lane: Lane, event: RecordedEvent, message: ParkedEnvelope, at: string): Promise<() => void> {
    const { held: attempts, error, firstAt: firstFailedAt } = lane.failure!;
    const { group } = this;
    const { subject } = lane;
    const { correlationId } = event.metadata;
    const reason = reasonOf(error);
    this.recording.set(subject, undefined);
    try {
      const fact = { group, subject, message, reason, attempts, firstFailedAt, lastFailedAt: at };
      const { state, revision } = await this.ledger.park(fact, correlationId);
      return () => this.exchange(lane, state, revision);
    } catch (failure) {
      this.recording.delete(subject);
      throw failure;
    }
  }

  /** @returns whether something is to go on */
  decided(decision: ParkingDecided): boolean {
    const { type, data, revision: fact } = decision;
    if (data.group !== this.group) return false;
    if (this.recording.has(data.subject)) this.recording.set(data.subject, decision);
    return this.parked.release(data.subject, type === 'MessageDiscarded' ? data.revision + 1 : data.revision, fact);
  }

  nextDue(): ParkedLane | undefined {
    return this.parked.nextDue();
  }

  putBack(lane: ParkedLane): void {
    this.parked.putBack(lane);
  }

  /**
   * The lane goes on, with everything that was shown of it.
   * @param lastShown what nobody has written down: how far its stream was shown
   */
  reopen(parked: ParkedLane, lastShown: number): Lane {
    const { subject, from, seen = -1 } = parked;
    this.parked.remove(parked);
    return this.lanes.reopen(subject, from, Math.max(seen, lastShown, from - 1));
  }

  /** Everything that waited in a lane is handled: that it was parked is over. @throws what the store throws */
  async release(lane: Lane): Promise<void> {
    await this.ledger.release(this.group, lane.subject, lane.next - 1);
    this.lanes.settle(lane);
  }

  private exchange(lane: Lane, { message: { type, revision, position } }: ExistingParkedMessage, fact: number): void {
    const { subject, seen } = lane;
    this.lanes.remove(lane);
    this.parked.add({ subject, type, revision, position, from: revision, fact, due: false, seen }, true);
    const decision = this.recording.get(subject);
    this.recording.delete(subject);
    if (decision) this.decided(decision);
  }
}
