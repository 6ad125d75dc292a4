import type { Position, RecordedEvent } from '@souk/event-sourcing';
import type { HeldSubject } from '../subject-lanes';

/** A parked lane: numbers alone, whatever waits in it. */
export interface ParkedLane {
  readonly subject: string;
  /** First revision that is not handled. */
  from: number;
  /** Type, revision and place of the message that was parked. */
  readonly type: string;
  readonly revision: number;
  readonly position: Position;
  /** Revision of the newest fact about it, in the stream of its own: an older decision is none. */
  fact: number;
  /** It was decided that it is to go on. */
  due: boolean;
  /** Last revision that the subscription has shown in this run. */
  seen: number | undefined;
}

/** What is parked of one group, by subject; and which of it is to go on, in the order in which that was decided. */
export class ParkedSubjects {
  private readonly lanes = new Map<string, ParkedLane>();
  private readonly queue = new Set<ParkedLane>();
  private readonly begun = new Set<ParkedLane>();

  get size(): number {
    return this.lanes.size;
  }

  get(subject: string): ParkedLane | undefined {
    return this.lanes.get(subject);
  }

  /** @param reached whether the subscription has come as far as the parked message; what is due waits for that */
  add(lane: ParkedLane, reached: boolean): void {
    this.lanes.set(lane.subject, lane);
    if (reached) this.reached(lane, lane.revision);
  }

  /** Whether the subject of this event is parked: then it waits there. */
  takes({ stream, revision }: RecordedEvent): boolean {
    const lane = this.lanes.get(stream);
    if (!lane) return false;
    this.reached(lane, revision);
    return true;
  }

  /** An earlier run has handled everything up to here, of what was to go on. */
  goOn(lane: ParkedLane, from: number): void {
    if (from <= lane.from) return;
    lane.from = from;
    this.begun.add(lane);
  }

  /** What the facts do not tell: how far lanes had got that are to go on. */
  held(): readonly HeldSubject[] {
    return [...this.begun].map(({ subject, from, seen }) => [subject, from, Math.max(seen ?? 0, from - 1)]);
  }

  /** @param fact revision of the decision @returns whether it concerns what is parked now */
  release(subject: string, from: number, fact: number): boolean {
    const lane = this.lanes.get(subject);
    if (!lane || lane.due || fact <= lane.fact) return false;
    lane.from = Math.max(lane.from, from);
    lane.fact = fact;
    lane.due = true;
    if (lane.seen !== undefined) this.queue.add(lane);
    return true;
  }

  /** The next one that is to go on. It stays parked until it is removed. */
  nextDue(): ParkedLane | undefined {
    const [lane] = this.queue;
    if (lane) this.queue.delete(lane);
    return lane;
  }

  /** What could not go on yet. */
  putBack(lane: ParkedLane): void {
    this.queue.add(lane);
  }

  remove(lane: ParkedLane): void {
    this.lanes.delete(lane.subject);
    this.begun.delete(lane);
  }

  private reached(lane: ParkedLane, revision: number): void {
    if (revision < lane.revision) return;
    const first = lane.seen === undefined;
    lane.seen = Math.max(lane.seen ?? 0, revision);
    if (first && lane.due) this.queue.add(lane);
  }
}
