import type { PublicEvent } from './event-bus.port';

/** The public events of one subject (stream) from its owner, made anew from the private ones by its publication. */
export abstract class PublicHistory {
  /**
   * From the revision `fromRevision` (inclusive) on, in order; events that are not told are left out.
   * @param maxCount private events that are looked at, at most
   * @returns `upTo`: the revision up to which was looked, `fromRevision - 1` at the end of the stream
   */
  abstract read(
    subject: string,
    fromRevision: number,
    maxCount: number,
  ): Promise<{ events: readonly PublicEvent[]; upTo: number }>;
}
