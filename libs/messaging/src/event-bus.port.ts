import type { EventMetadata, Position, RecordedEvent } from '@souk/event-sourcing';
import type { GroupStats } from './bus-stats';

/**
 * A public event as it travels between services: CloudEvents 1.0 attributes, with the metadata of its private origin.
 * `type` is `<service>.<fact>.v<version>`: `release.version-released.v1`.
 */
export interface PublicEvent<Type extends string = string, Data extends object = object> {
  readonly specversion: '1.0';
  /** Id of the private event it was made from. */
  readonly id: string;
  /** `/souk/<service>`. */
  readonly source: string;
  readonly type: Type;
  /** The stream it was made from; order is kept within a subject. */
  readonly subject: string;
  /** RFC 3339; when the store recorded the fact. */
  readonly time: string;
  readonly datacontenttype: 'application/json';
  readonly data: Data;
  readonly soukposition: Position;
  /** Revision of the private event in its stream. */
  readonly soukrevision: number;
  readonly soukmetadata: EventMetadata;
}

/** One service's border: how its private events become public ones. What has no entry stays private. */
export interface Publication {
  /** Service name: `release`. */
  readonly service: string;
  /** By private event type; `undefined` for a fact that is not told. Pure. */
  readonly on: Readonly<
    Record<string, (event: RecordedEvent<never>) => { readonly type: string; readonly data: object } | undefined>
  >;
}

/** Handles one public event. Its promise is fulfilled when the effect is there: that is the acknowledgement. */
export type PublicEventHandler = (event: PublicEvent) => Promise<void>;

/** One consumer group: every event goes to one member of each group that has a handler for its type. */
export interface ConsumerGroup {
  /** Lower-kebab-case, unique: usually the service's name. */
  readonly name: string;
  readonly handlers: ReadonlyMap<string, readonly PublicEventHandler[]>;
}

/**
 * Tells services about each other's public events. A notifier, not a store. Its laws, checked for every adapter by `eventBusContract`:
 * - at least once; a consumer that was away catches up from where it had acknowledged;
 * - in order per subject (stream); different subjects may overtake each other;
 * - acknowledged after the effect, never before, never when the handler rejected;
 * - a failing message is tried again with back-off and holds back its own subject only;
 * - the group remembers the last revision per subject, so that a redelivery after its acknowledgement is dropped.
 *
 * Of messages that go on failing:
 * - after a few attempts (five, unless configured) the message is *parked* with its reason: `MessageParked`, a fact in the stream
 *   `parkedMessage-<parkedMessageIdOf(group, subject)>` of the event store. Later messages of its subject wait behind it;
 * - other subjects and other groups go on, however much is parked;
 * - what becomes of it is a fact in the same stream, appended by whoever decides: after `MessageReplayRequested` the message is handled
 *   again, then those behind it, in order; after `MessageDiscarded` those behind it alone. `SubjectReleased` says that this is done; a message
 *   that fails again on the way is parked again;
 * - all of this holds over stops and kills at any moment: nothing is lost, nothing overtakes, and a discarded message does not come back;
 * - an error that is transient (`isTransient`: it says `retryable: true`, or is one of a store or neighbour that is away) does not count:
 *   it would park every subject for what is wrong with none of them. The message is tried again for as long as it takes.
 */
export abstract class EventBus {
  /** Before `start`. */
  abstract publish(publication: Publication): void;
  /** Before `start`. */
  abstract consume(group: ConsumerGroup): void;
  abstract start(): Promise<void>;
  /** Lets running handlers finish, for at most `graceMs`. */
  abstract stop(graceMs?: number): Promise<void>;
  /** Fulfilled when every group has handled, is retrying, or has parked all that was published up to this position. */
  abstract settled(position: Position): Promise<void>;
  /** How many messages of a subject there are for a group after this revision, counted up to `atMost`. 0 for a group that is not here. */
  abstract waitingBehind(group: string, subject: string, revision: number, atMost: number): Promise<number>;
  /** One entry for each group of this process, in the order of {@link consume}; none before the start. */
  abstract stats(): Promise<readonly GroupStats[]>;
}
