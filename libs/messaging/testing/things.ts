import { randomUUID } from 'node:crypto';
import type { EventStore, EventToAppend, Position, RecordedEvent } from '@souk/event-sourcing';
import type { ConsumerGroup, Publication, PublicEvent, PublicEventHandler } from '@souk/messaging';

/** A service that tells that things happened (and what is good about it), and keeps to itself what it thought. */
export const thingPublication: Publication = {
  service: 'things',
  on: {
    ThingHappened: ({ data }: RecordedEvent<{ type: 'ThingHappened'; data: { n: number } }>) => ({
      type: 'things.happened.v1',
      data,
    }),
    ThingPraised: ({ data }: RecordedEvent<{ type: 'ThingPraised'; data: { secret?: boolean } }>) =>
      data.secret ? undefined : { type: 'things.praised.v1', data },
  },
};

/** A private event of that service, on its way into a stream. */
export function thing(data: object = {}, type = 'ThingHappened'): EventToAppend {
  const id = randomUUID();
  const actor = { kind: 'system', id: 'test' } as const;
  return {
    id,
    type,
    data,
    metadata: { commandId: id, correlationId: id, causationId: id, actor, tenants: [], schemaVersion: 1 },
  };
}

/** Appends one event to each of these streams, in this order. @returns the last position */
export async function happen(store: EventStore, streams: readonly string[]): Promise<Position> {
  let position = await store.head();
  for (const [n, stream] of streams.entries()) ({ position } = await store.append(stream, 'any', [thing({ n })]));
  return position;
}

/** What a consumer was given, and what it is to make of it. */
export class Consumer {
  /** `<stream>@<revision>` of every message whose handling began, in this order. */
  readonly began: string[] = [];
  /** The same for those that were handled. */
  readonly handled: string[] = [];
  readonly events: PublicEvent[] = [];
  /** Runs inside of the handling: to fail, or to take its time. */
  behaviour: (message: string) => Promise<void> | void = () => undefined;
  private readonly waiting = new Set<() => void>();

  readonly handler: PublicEventHandler = async (event) => {
    const message = `${event.subject}@${event.soukrevision}`;
    this.began.push(message);
    this.notify();
    await this.behaviour(message);
    this.handled.push(message);
    this.events.push(event);
    this.notify();
  };

  group(name: string, types: readonly string[] = ['things.happened.v1']): ConsumerGroup {
    return { name, handlers: new Map(types.map((type) => [type, [this.handler]])) };
  }

  /** Fulfilled when the condition over what it has seen holds. */
  until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const check = (): void => {
        if (!condition()) return;
        this.waiting.delete(check);
        resolve();
      };
      this.waiting.add(check);
      check();
    });
  }

  private notify(): void {
    for (const check of this.waiting) check();
  }
}

/** A door that handlers wait at until somebody opens it. */
export class Gate {
  open!: () => void;
  readonly opened = new Promise<void>((resolve) => (this.open = resolve));
}

/** A handler's way to say that it is not the message that is wrong. */
export class NotYet extends Error {
  readonly retryable = true;
  constructor() {
    super('not yet');
  }
}

/**
 * Each stream's messages are there from first to last, without gap or repetition.
 * @param repeatsEndOf messages of an earlier run: each stream may begin anywhere up to the one after its last
 */
export function expectEachInOrder(
  messages: readonly string[],
  streams: readonly string[],
  { repeatsEndOf }: { repeatsEndOf?: readonly string[] } = {},
) {
  for (const stream of new Set(streams)) {
    const count = streams.filter((other) => other === stream).length;
    const revisions = revisionsOf(messages, stream);
    const first = repeatsEndOf ? Math.min(revisions[0] ?? count, revisionsOf(repeatsEndOf, stream).length) : 0;
    expect({ stream, revisions }).toEqual({ stream, revisions: Array.from({ length: count - first }, (_, i) => first + i) });
  }
}

function revisionsOf(messages: readonly string[], stream: string): number[] {
  return messages
    .filter((message) => message.startsWith(`${stream}@`))
    .map((message) => Number(message.slice(stream.length + 1)));
}
