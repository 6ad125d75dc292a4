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
 * The id of each is its position; `map` answers `undefined` for what is not told.
 * @throws PositionGone for a Last-Event-ID of another store
 */
export function streamEvents(
  store: EventStore,
  stream: string,
  lastEventId: string | undefined,
  map: (event: RecordedEvent) => Told | undefined,
): Observable<MessageEvent> {
  const after = lastEventId ? store.parsePosition(lastEventId) : undefined;
  return new Observable((subscriber) => {
    const heartbeat = setInterval(() => {
      subscriber.next({ type: 'heartbeat', data: {} });
    }, HEARTBEAT);
    const subscription = store.subscribeToStream(stream, 0, {
      onEvents: (events) => {
        for (const event of events) {
          const told = map(event);
          if (!told) continue;
          if (!after || comparePositions(event.position, after) > 0)
            subscriber.next({ id: event.position, type: told.type, data: told.data });
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
