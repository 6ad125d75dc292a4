import type { EventToAppend, RecordedEvent } from './event';

/**
 * What happens to every event at the border of the store: personal fields are encrypted on the way in and decrypted on the way out,
 * old shapes are upcast once on reading. `decode(encode(x))` equals `x`; a field whose key was destroyed reads as `null`.
 * `decode` may answer synchronously: the caller awaits only a promise.
 */
export abstract class EventCodec {
  abstract encode(event: EventToAppend): EventToAppend | Promise<EventToAppend>;
  abstract decode(event: RecordedEvent): RecordedEvent | Promise<RecordedEvent>;
}
