import type { Position, RecordedEvent } from '@souk/event-sourcing';
import type { HeldSubject } from './subject-lanes';

/** How far a source has come, as it is kept: plain JSON, which only the source itself understands. */
export type Place = Readonly<Record<string, unknown>>;

/** What a group has behind it: everything up to its place is acknowledged, except the events of held subjects from `next` to `seen`, and what is parked. */
export type GroupCheckpoint = Place & { readonly held: readonly HeldSubject[] };

/** A message by where it stands. */
export interface MessagePlace {
  readonly subject: string;
  /** As its envelope tells it: the public type, or the private one where it has none. */
  readonly type: string;
  readonly position: Position;
}

/** What a source needs to know of its group. */
export interface GroupReceiver {
  /** Types that the group wants to see, as the events of the source are named. */
  readonly types: readonly string[];
  /**
   * Takes in an event, when there is room for it. Those of one subject come one after the other.
   * @param passed the source's own mark, made in the same moment in which the event is the group's: a checkpoint has both or none of them
   */
  take(event: RecordedEvent, passed: () => void): Promise<void> | void;
  /** The place has moved past so many events (roughly) that do not concern the group. */
  passedBy(events: number): void;
  /** It was interrupted, and goes on by itself. */
  trouble(error: unknown): void;
}

/**
 * Where the events of one group come from, for one run. Its laws: nothing after its place is missing; in order within a subject; what is at or
 * before its place is not shown again.
 */
export interface GroupSource {
  /** It was interrupted, and has not been shown anything since. */
  readonly broken: boolean;
  /** Place of the last event that was shown. */
  readonly position: Position | undefined;
  start(receiver: GroupReceiver): void;
  /** Fulfilled when it shows nothing any more. */
  close(): Promise<void>;
  place(): Place;
  /** A checkpoint with this place is durable. */
  kept(place: Place): void;
  hasShown(message: MessagePlace): boolean;
  /** The revision up to which the subject was shown, of those from `from` on; the one before `from` where none of them was. */
  lastShown(message: MessagePlace, from: number): Promise<number>;
  /**
   * Events of one subject once more, as many as `maxCount` at most.
   * @returns `upTo`: revision up to which the stream was read; `undefined` where there was nothing more
   */
  read(subject: string, from: number, maxCount: number): Promise<SubjectPage>;
  /** @returns whether everything up to this position was shown, to be asked whenever the source has moved */
  reached(position: Position): Promise<() => boolean>;
  /** Events that were not shown yet, as far as is known. */
  behind(): Promise<number>;
  /** What moves while there is something to be shown, as a text that changes with it; `undefined` where there is nothing. */
  progress(): Promise<string | undefined>;
}

export interface SubjectPage {
  readonly events: readonly RecordedEvent[];
  readonly upTo: number | undefined;
}
