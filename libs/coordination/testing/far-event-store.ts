import {
  type AppendResult,
  EventStore,
  type EventToAppend,
  type ExpectedRevision,
  type Position,
  type ReadAllOptions,
  type ReadStreamOptions,
  type RecordedEvent,
  type SubscribeOptions,
  type Subscription,
  type SubscriptionHandler,
} from '@souk/event-sourcing';
import type { SimulatedNode, SimulatedTime } from './simulated-time';

/** How the way to the store is at this moment. */
export interface Network {
  /** Milliseconds that a request or an answer is on its way. */
  delay(): number;
  /** A request that never arrives, or an answer that never comes back. */
  loses(what: 'request' | 'answer'): boolean;
}

/** A network that nobody notices. */
export const perfectNetwork: Network = { delay: () => 0, loses: () => false };

/** An event store as a node of a simulation sees it: far away, by a network that delays and loses. */
export class FarEventStore extends EventStore {
  constructor(
    private readonly store: EventStore,
    private readonly time: SimulatedTime,
    private readonly node: SimulatedNode,
    private readonly network: Network,
  ) {
    super();
  }

  override append(stream: string, expected: ExpectedRevision, events: readonly EventToAppend[]): Promise<AppendResult> {
    return this.far(() => this.store.append(stream, expected, events));
  }

  override async *readStream(stream: string, options?: ReadStreamOptions): AsyncIterable<RecordedEvent> {
    yield* await this.far(() => all(this.store.readStream(stream, options)));
  }

  override async *readAll(options?: ReadAllOptions): AsyncIterable<RecordedEvent> {
    yield* await this.far(() => all(this.store.readAll(options)));
  }

  override subscribe(_: SubscribeOptions, __: SubscriptionHandler): Subscription {
    throw new Error('nothing in a simulation subscribes');
  }

  /** Looks from time to time: what a simulation does must follow from its seed, and real subscriptions call back when they like. */
  override subscribeToStream(stream: string, from: number, handler: SubscriptionHandler): Subscription {
    let next = from;
    let closed = false;
    const isClosed = (): boolean => closed;
    const look = async (): Promise<void> => {
      if (isClosed()) return;
      const events = await this.far(() => all(this.store.readStream(stream, { from: next }))).catch(() => []);
      if (isClosed()) return;
      if (events.length > 0) {
        next = events.at(-1)!.revision + 1;
        await handler.onEvents(events);
      }
      this.time.at(this.time.now + LOOK_EVERY, () => void look(), this.node);
    };
    this.time.at(this.time.now, () => void look(), this.node);
    return {
      close: async () => {
        closed = true;
      },
    };
  }

  override head(): Promise<Position> {
    return this.far(() => this.store.head());
  }

  override parsePosition(text: string): Position {
    return this.store.parsePosition(text);
  }

  /** A request travels also while its sender is frozen; an answer reaches it only afterwards. */
  private async far<T>(work: () => Promise<T>): Promise<T> {
    await this.travel();
    if (this.network.loses('request')) return this.silence();
    const answer = await this.time.whileWorking(() =>
      work().then(
        (value) => ({ value }),
        (error: unknown) => ({ error }),
      ),
    );
    await this.travel(this.node);
    if (this.network.loses('answer')) return this.silence();
    if ('error' in answer) throw answer.error as Error;
    return answer.value;
  }

  private async travel(of?: SimulatedNode): Promise<void> {
    const delay = this.network.delay();
    if (delay > 0) await this.time.sleep(delay, of);
  }

  private async silence(): Promise<never> {
    await this.time.sleep(TIME_OUT, this.node);
    throw new Error('no answer');
  }
}

/** Milliseconds after which who asked gives up. */
const TIME_OUT = 2000;
const LOOK_EVERY = 100;

async function all(events: AsyncIterable<RecordedEvent>): Promise<RecordedEvent[]> {
  const found: RecordedEvent[] = [];
  for await (const event of events) found.push(event);
  return found;
}
