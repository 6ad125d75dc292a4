import type { PublicEvent } from './event-bus.port';

/** Some of what a service tells of one subject. */
export interface PublicPage {
  /** In order; what the service keeps to itself is not among them. */
  readonly events: readonly PublicEvent[];
  /** Revision up to which the stream was read: the next page begins after it. The one before `fromRevision` where there was nothing more. */
  readonly upTo: number;
}

/**
 * The public events of one subject (stream), from the service that owns it: made anew from the private ones by its publication, so that a
 * mended mapping has its effect. Whoever was told of a subject by the bus can read it again, for as long as the event store is.
 * Laws:
 * - an event is the same as the one that the bus tells;
 * - one that can't be read or mapped is there as an unreadable one (`unreadableEvent`): it hides nothing of what comes after it.
 */
export abstract class PublicHistory {
  /**
   * @param fromRevision inclusive, from 0
   * @param maxCount how many events of the stream are looked at, private ones as well
   * @throws an error with `retryable: true` while the owner is away
   */
  abstract read(subject: string, fromRevision: number, maxCount: number): Promise<PublicPage>;
}
