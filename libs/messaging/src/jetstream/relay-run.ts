import type { EventCodec, EventStore, Position, RecordedEvent } from '@souk/event-sourcing';
import type { BusTrouble } from '../bus-stats';
import type { CheckpointWriter } from '../checkpoint-writer';
import type { PublicEvent } from '../event-bus.port';
import { publicFormOf } from '../local-public-history';
import type { Publications } from '../publications';
import { ResilientSubscription } from '../resilient-subscription';
import type { Timers } from '../timers';
import type { BrokerSession } from './broker';
import { encodeHeaders } from './message-headers';
import { PublishWindow } from './publish-window';
import { type RelayPlace, resume } from './relay-place';
import { earlier, isOfGeneration, later, linkOf, type Names, parseWanted, PARTITIONS, partitionOf, type Place } from './wire';

/** In milliseconds: how often it is looked whether the stream is still the one it was. */
const LOOK = 5_000;
/** Those who have missed something notice it together: how long the first one waits for the others. */
const GATHER = 50;

export interface RelayOptions {
  readonly names: Names;
  readonly service: string;
  readonly store: EventStore;
  readonly publications: Publications;
  readonly codec: EventCodec | undefined;
  readonly checkpoints: CheckpointWriter;
  /** Messages on their way to the broker, at most. */
  readonly window: number;
  readonly timers: Timers;
  /** Before the next attempt, in milliseconds. @param failures in a row, from 1 */
  readonly pause: (failures: number) => number;
  readonly onTrouble: (trouble: BusTrouble) => void;
}

export interface RelayContext {
  /** Private types of the service. */
  readonly types: readonly string[];
  /** Of the event store. */
  readonly generation: string;
  /** Where to go on. */
  readonly place: RelayPlace;
  /** By partition: somebody may know of a message here, from an earlier run. */
  readonly known: ReadonlyMap<string, Place>;
  /** It has begun, or its place has moved. */
  readonly onProgress: () => void;
  /** The broker takes what it is told, or there is nothing to tell: the next failure is a first one. */
  readonly onWell: () => void;
}

/** A message on its way. */
interface Sent {
  readonly partition: string;
  readonly position: Position;
  /** Everything up to here was looked at before it. */
  readonly before: Place;
}

const NO_BODY = Buffer.alloc(0);

/** Telling, from one place on, over one connection, until something goes wrong or somebody has missed something. */
export class RelayRun {
  private readonly window: PublishWindow<Sent>;
  private readonly ended: Promise<ReadonlyMap<string, Place>>;
  private readonly wanted = new Map<string, Place>();
  /** By partition: the last message that was sent, and the last one that was acknowledged. */
  private told = new Map<string, Place>();
  private readonly taken = new Map<string, Position>();
  private readonly knownPlaces: Map<string, Place>;
  /** Partitions whose known place was not reached yet. */
  private readonly open = new Set<string>();
  private subscription: ResilientSubscription | undefined;
  private at: Place;
  private tried: Place = '';
  /** Of repetitions: under their plain ids the broker would take them for what it has. */
  private readonly repetition = Math.random().toString(36).slice(2, 10);
  private streamCreated: string | undefined;
  private live = false;
  private cancelLook: (() => void) | undefined;
  private cancelGather: (() => void) | undefined;
  private over = false;
  private succeed!: (wanted: ReadonlyMap<string, Place>) => void;
  private fail!: (error: unknown) => void;

  constructor(
    private readonly session: BrokerSession,
    private readonly options: RelayOptions,
    private readonly context: RelayContext,
  ) {
    this.at = context.place.upTo;
    for (const [partition, position] of Object.entries(context.place.last)) this.taken.set(partition, position);
    this.knownPlaces = new Map(context.known);
    this.window = new PublishWindow(session.connection, {
      size: options.window,
      timers: options.timers,
      onTaken: ({ partition, position }) => {
        this.taken.set(partition, position);
        context.onWell();
        context.onProgress();
      },
    });
    this.ended = new Promise((resolve, reject) => {
      this.succeed = resolve;
      this.fail = reject;
    });
    this.ended.catch(() => undefined);
    this.window.failed.catch((error: unknown) => this.fail(error));
  }

  /** It is telling. */
  get isLive(): boolean {
    return this.live;
  }

  get known(): ReadonlyMap<string, Place> {
    return this.knownPlaces;
  }

  place(): RelayPlace {
    const upTo = this.window.oldest?.before ?? this.at;
    return { upTo, last: Object.fromEntries(this.taken) };
  }

  /** Fulfilled when it has to go back, with the partitions of which something is missing; or at its end. @throws what went wrong */
  async go(): Promise<ReadonlyMap<string, Place>> {
    const { connection } = this.session;
    const wants = connection.subscribe(this.options.names.wanted(this.options.service), {
      callback: (_error, message) => this.want(message.string()),
    });
    void this.session.ended().then(() => this.fail(new Error('the connection to the broker is gone')));
    try {
      await Promise.race([this.begin(), this.ended]);
      return await this.ended;
    } finally {
      this.over = true;
      this.live = false;
      this.cancelLook?.();
      this.cancelGather?.();
      if (!connection.isClosed()) wants.unsubscribe();
      await this.finish();
    }
  }

  end(): void {
    this.succeed(new Map());
  }

  private async begin(): Promise<void> {
    await this.session.ensureStream();
    this.streamCreated = (await this.streamState()).created;
    const { after, told, known, tried, lost } = resume(this.context.place, await this.ends());
    if (this.over) return;
    this.told = new Map(told);
    for (const [partition, place] of told)
      if (place === '') this.taken.delete(partition);
      else this.taken.set(partition, place);
    for (const [partition, place] of known) this.knownPlaces.set(partition, later(place, this.knownPlaces.get(partition) ?? ''));
    for (const [partition, place] of this.knownPlaces) if ((this.told.get(partition) ?? '') < place) this.open.add(partition);
    this.at = after;
    this.tried = [...this.knownPlaces.values()].reduce(later, tried);
    for (const partition of lost) this.tellNothing(partition, this.told.get(partition)!);
    this.follow(after);
    this.live = true;
    this.context.onProgress();
    this.look();
  }

  /** The last message of each partition in the stream. */
  private async ends(): Promise<ReadonlyMap<string, Position>> {
    const { names, service } = this.options;
    const ends = new Map<string, Position>();
    await Promise.all(
      PARTITIONS.map(async (partition) => {
        const last = await this.session.lastOf(names.subject(service, partition));
        const link = linkOf(last?.header);
        if (link && isOfGeneration(link.position, this.context.generation)) ends.set(partition, link.position);
      }),
    );
    return ends;
  }

  private follow(after: Place): void {
    const { store, timers, pause, onTrouble } = this.options;
    const subscription = new ResilientSubscription(store, {
      types: this.context.types,
      after: after === '' ? undefined : after,
      timers,
      pause,
      onEvents: (events) => this.tellAll(events),
      onPassed: () => this.passed(subscription.position!),
      onTrouble: (error) => onTrouble({ what: 'relay', error }),
    });
    this.subscription = subscription;
    subscription.start();
  }

  private async tellAll(events: readonly RecordedEvent[]): Promise<void> {
    for (const event of events) {
      if (this.window.isFull) await this.window.room();
      if (this.over || this.window.isOver) return;
      const partition = partitionOf(event.stream);
      if (event.position > this.told.get(partition)!) {
        const form = publicFormOf(event, this.options.publications, this.options.codec);
        const message = form instanceof Promise ? await form : form;
        if (message) this.tell(message, partition);
      }
      this.subscription!.moveTo(event.position);
      this.at = event.position;
    }
    this.passed(this.at);
  }

  private tell(message: PublicEvent, partition: string): void {
    const { soukposition: position, id, type, soukrevision: revision } = message;
    const previous = this.told.get(partition)!;
    const headers = encodeHeaders({ id: this.idOf(id, position), type, previous, position, revision });
    this.send(partition, position, headers, Buffer.from(JSON.stringify(message)));
  }

  /** That nothing was told since the last message; where `position` is that one: that it was the last. */
  private tellNothing(partition: string, position: Place): void {
    if (position === '') return;
    const previous = this.told.get(partition)!;
    const id = `${this.repetition}.${this.options.service}.${partition}.${position}.${Math.random().toString(36).slice(2, 10)}`;
    this.send(partition, position, encodeHeaders({ id, previous, position }), NO_BODY);
  }

  private send(partition: string, position: Position, headers: Uint8Array, body: Uint8Array): void {
    const { names, service } = this.options;
    this.told.set(partition, position);
    this.window.publish(names.subject(service, partition), body, headers, { partition, position, before: this.at });
  }

  private idOf(id: string, position: Place): string {
    return position <= this.tried ? `${id}.${this.repetition}` : id;
  }

  /** Everything up to here was looked at: where nothing was found that somebody knows of, that is said. */
  private passed(position: Place): void {
    for (const partition of this.open) {
      const known = this.knownPlaces.get(partition)!;
      if (known > position) continue;
      this.open.delete(partition);
      if (this.told.get(partition)! < known) this.tellNothing(partition, known);
    }
    this.at = position;
    if (this.window.oldest !== undefined) return;
    this.context.onWell();
    this.context.onProgress();
  }

  private want(json: string): void {
    const wanted = parseWanted(json);
    if (!wanted || (wanted.after !== '' && !isOfGeneration(wanted.after, this.context.generation))) return;
    const { partition, after } = wanted;
    // It will come by.
    if (!this.live || after >= this.told.get(partition)!) return;
    this.wanted.set(partition, earlier(after, this.wanted.get(partition) ?? after));
    this.cancelGather ??= this.options.timers.after(GATHER, () => this.succeed(this.wanted));
  }

  /** A stream that was deleted, or lost its end, without an end of the connection. */
  private look(): void {
    this.cancelLook = this.options.timers.after(LOOK, () => {
      this.checkStream().then(
        () => !this.over && this.look(),
        (error: unknown) => this.fail(error),
      );
    });
  }

  private async checkStream(): Promise<void> {
    const { names, service } = this.options;
    const sequence = this.window.lastSequence;
    const state = await this.streamState();
    if (this.over) return;
    if (state.created !== this.streamCreated || state.lastSequence < sequence)
      throw new Error('the stream is not the one that it was');
    for (const partition of PARTITIONS)
      if (!state.subjects.has(names.subject(service, partition))) this.tellNothing(partition, this.told.get(partition)!);
    if (this.window.oldest === undefined) this.context.onWell();
  }

  private streamState(): ReturnType<BrokerSession['streamState']> {
    return this.session.streamState(this.options.names.subject(this.options.service, '*'));
  }

  /** Nothing is sent any more; what was sent is waited for, unless there is nobody to acknowledge it. */
  private async finish(): Promise<void> {
    // Fulfilled when no handler runs any more: one that waits for room must not wait for ever.
    const closed = this.subscription?.close();
    if (!this.session.isOver) await Promise.race([this.window.drained(), this.session.ended()]);
    this.window.close();
    await closed;
  }
}
