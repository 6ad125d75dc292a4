import type { DomainEvent, Position } from '@souk/event-sourcing';

/** A message as its envelope tells it, without its data. */
export interface ParkedEnvelope {
  /** Id of the event that it was made from. */
  readonly id: string;
  /** Public type; the private one where the message could not be made. */
  readonly type: string;
  readonly revision: number;
  readonly position: Position;
  /** When the store recorded it. */
  readonly time: string;
}

/** Why a message could not be handled. Credentials and personal data are struck out; see `reasonOf`. */
export interface FailureReason {
  /** Class of the error. */
  readonly name: string;
  readonly code?: string;
  readonly message: string;
  /** The innermost places of its stack. Not for the API. */
  readonly frames: readonly string[];
}

/** One subject of one group: what waits there waits in order. */
export interface ParkedSubject {
  /** `parkedMessageIdOf(group, subject)` */
  readonly parkedMessageId: string;
  readonly group: string;
  readonly subject: string;
}

/** The group gives up on the message for now. Everything of the subject before it was handled; what comes after it waits behind it. */
export type MessageParked = DomainEvent<
  'MessageParked',
  ParkedSubject & {
    readonly message: ParkedEnvelope;
    readonly reason: FailureReason;
    /** Since it was parked last, or at all. */
    readonly attempts: number;
    /** Of this message, over all replays. */
    readonly totalAttempts: number;
    readonly firstFailedAt: string;
    readonly lastFailedAt: string;
  }
>;
/** An operator wants it tried again. Who and why is in the metadata. */
export type MessageReplayRequested = DomainEvent<'MessageReplayRequested', ParkedSubject & { readonly revision: number }>;
/** An operator lets the group do without this one message. Who and why is in the metadata. */
export type MessageDiscarded = DomainEvent<'MessageDiscarded', ParkedSubject & { readonly revision: number }>;
/** The parked message and all that waited behind it, up to this revision, are handled (or discarded): nothing is parked any more. */
export type SubjectReleased = DomainEvent<'SubjectReleased', ParkedSubject & { readonly upTo: number }>;

export type ParkedMessageEvent = MessageParked | MessageReplayRequested | MessageDiscarded | SubjectReleased;
