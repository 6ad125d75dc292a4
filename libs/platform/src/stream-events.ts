import type { MessageEvent } from '@nestjs/common';
import { comparePositions, type EventStore, type RecordedEvent } from '@souk/event-sourcing';
import { Observable } from 'rxjs';

/** One event as it is told to a listener. After a `last` one the stream of events ends. */
export interface Told {
  readonly type: string;
  readonly data: object;
  readonly last?: boolean;
}

/** Milliseconds between signs of life on a quiet stream of server-sent events. */
export const HEARTBEAT = 15_000;

/**
 * The events of one stream as server-sent events (WHATWG HTML, 9.2), from the first one or from after `Last-Event-ID`, then live.
 * The id of each is its position; `map` answers `undefined` for what is not told. A sign of life repeats the last id, since a client comes back
 * with the id of whatever it heard last; an empty one stands for none.
 * @throws PositionGone for a Last-Event-ID of another store
 */
export function streamEvents(
  store: EventStore,
  stream: string,
  lastEventId: string | undefined,
  map: (event: RecordedEvent) => Told | undefined,
  heartbeatMs = HEARTBEAT,
): Observable<MessageEvent> {
  const after = lastEventId ? store.parsePosition(lastEventId) : undefined;
  return new Observable((subscriber) => {
    let id: string = after ?? '';
    const heartbeat = setInterval(() => {
      subscriber.next({ id, type: 'heartbeat', data: {} });
    }, heartbeatMs);
    const subscription = store.subscribeToStream(stream, 0, {
      onEvents: (events) => {
        for (const event of events) {
          const told = map(event);
          if (!told) continue;
          if (!after || comparePositions(event.position, after) > 0) {
            id = event.position;
            subscriber.next({ id, type: told.type, data: told.data });
          }
          if (told.last) subscriber.complete();
        }
      },
      onEnd: (error) => {
        subscriber.error(error);
      },
    });
    return () => {
      clearInterval(heartbeat);
      void subscription.close();
    };
  });
}
