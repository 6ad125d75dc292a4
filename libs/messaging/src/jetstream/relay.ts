import { comparePositions, ordinalOf, type Position } from '@souk/event-sourcing';
import type { GroupCondition } from '../bus-stats';
import { Signal } from '../signal';
import type { Broker, BrokerSession } from './broker';
import { noPlace, type RelayPlace, rewound } from './relay-place';
import { type RelayOptions, RelayRun } from './relay-run';
import { generationOf, ordinalOfPlace, type Place } from './wire';

/**
 * Tells the broker what one service tells: a subscription to its private events, each made public and put into the stream, in order within each
 * partition. Whatever happens to the broker, it goes on from what is in the stream then, and goes back when somebody has missed something.
 */
export class Relay {
  readonly key: string;
  private readonly types: readonly string[];
  private readonly changed = new Signal();
  private known: ReadonlyMap<string, Place> = new Map();
  private place: RelayPlace = noPlace;
  private generation = '';
  private run: RelayRun | undefined;
  private working: Promise<void> | undefined;
  private cancelPause: (() => void) | undefined;
  /** In a row. */
  private failures = 0;
  private closed = false;

  constructor(
    private readonly broker: Broker,
    private readonly options: RelayOptions,
  ) {
    this.key = relayKeyOf(options.service);
    this.types = options.publications.typesOf(options.service);
  }

  get service(): string {
    return this.options.service;
  }

  /** One that has failed runs again when the broker has taken something, not when it is tried again. */
  get condition(): GroupCondition {
    return this.run?.isLive && this.failures === 0 ? 'running' : 'broken';
  }

  /** @param kept what {@link RelayPlace} was written under {@link Relay.key} @throws PositionGone when it is of another event store */
  async start(kept: RelayPlace | undefined): Promise<void> {
    if (kept && kept.upTo !== '') this.options.store.parsePosition(kept.upTo);
    this.place = kept ?? noPlace;
    this.generation = generationOf(await this.options.store.head());
    this.working = this.work();
  }

  async close(): Promise<void> {
    this.closed = true;
    this.changed.notify();
    this.broker.wake();
    this.cancelPause?.();
    this.run?.end();
    await this.working;
  }

  /**
   * Fulfilled when the broker has taken everything up to this position.
   * @returns by partition: the last message of each
   * @throws Error when the relay is closed before
   */
  async told(position: Position): Promise<ReadonlyMap<string, Position>> {
    const last = await this.lastUpTo(position);
    await this.changed.until(() => this.closed || last === undefined || this.placeOfNow().upTo >= last);
    const place = this.placeOfNow();
    if (last !== undefined && place.upTo < last) throw new Error('the bus was stopped before everything was told');
    return new Map(Object.entries(place.last));
  }

  /** Events of the whole store that were not looked at, or not acknowledged. */
  async behind(): Promise<number> {
    return Math.max(0, ordinalOf(await this.options.store.head()) - ordinalOfPlace(this.placeOfNow().upTo));
  }

  /** As it is kept. */
  placeOfNow(): RelayPlace {
    return this.run?.place() ?? this.place;
  }

  private async work(): Promise<void> {
    while (!this.isClosed()) {
      const session = await this.broker.session(() => this.closed);
      if (!session) return;
      try {
        await this.go(session);
      } catch (error) {
        if (this.isClosed() || session.isOver) continue;
        session.forgetStream();
        this.failures++;
        this.options.onTrouble({ what: 'relay', error });
        await this.pause(this.options.pause(this.failures));
      }
    }
  }

  /** Until it fails, or has to go back. */
  private async go(session: BrokerSession): Promise<void> {
    const { types, generation, known, place } = this;
    const run: RelayRun = new RelayRun(session, this.options, {
      types,
      generation,
      place,
      known,
      onWell: () => (this.failures = 0),
      onProgress: () => {
        this.options.checkpoints.mark(this.key, () => this.placeOfNow());
        this.changed.notify();
      },
    });
    this.run = run;
    try {
      const wanted = await run.go();
      this.place = rewound(run.place(), wanted);
    } catch (error) {
      this.place = run.place();
      throw error;
    } finally {
      this.known = run.known;
      this.run = undefined;
    }
  }

  private isClosed(): boolean {
    return this.closed;
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.options.timers.after(ms, resolve);
      this.cancelPause = () => {
        cancel();
        resolve();
      };
    });
  }

  /** The last event up to this position that may become a message, where that was not told yet. */
  private async lastUpTo(position: Position): Promise<Position | undefined> {
    if (this.placeOfNow().upTo >= position) return undefined;
    const backwards = this.options.store.readAll({ direction: 'backwards', filter: { types: this.types } });
    for await (const event of backwards) if (comparePositions(event.position, position) <= 0) return event.position;
    return undefined;
  }
}

export function relayKeyOf(service: string): string {
  return `bus/jetstream/relays/${service}`;
}
