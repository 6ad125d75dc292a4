import type { Position, RecordedEvent } from '@souk/event-sourcing';
import { serviceOf } from '../cloud-event';
import type { GroupReceiver, GroupSource, MessagePlace, Place as KeptPlace, SubjectPage } from '../group-source';
import type { PublicHistory } from '../public-history.port';
import type { Timers } from '../timers';
import type { Broker, BrokerSession } from './broker';
import { nanosOf } from './broker';
import { type Delivered, PartitionPull } from './partition-pull';
import { heldFormOf } from './public-messages';
import { judge } from './relay-place';
import { Unacknowledged } from './unacknowledged';
import {
  generationOf,
  headerNames,
  later,
  type Link,
  linkOf,
  type Names,
  parseEvent,
  PARTITIONS,
  partitionOf,
  type Place,
} from './wire';

export interface JetStreamSourceOptions {
  readonly names: Names;
  readonly group: string;
  /** Those that the group listens to. */
  readonly services: ReadonlySet<string>;
  readonly history: PublicHistory;
  readonly timers: Timers;
  /** Before the next attempt, in milliseconds. @param failures in a row, from 1 */
  readonly pause: (failures: number) => number;
  /** Fulfilled when the services of this process have told everything up to this position. @returns by service and partition: the last message */
  readonly told: (position: Position) => Promise<ReadonlyMap<string, Position>>;
}

/** As it is kept. */
interface Kept {
  /** By `<service>.<partition>`: the last message that was shown. */
  readonly last: Readonly<Record<string, Position>>;
  /** By partition: number in the stream, and place, of the last message of it that has come by, to begin there the next time. */
  readonly arrived: Readonly<Record<string, Arrived>>;
}

type Arrived = readonly [sequence: number, position: Position];

/** Milliseconds: after this the broker delivers again what was not acknowledged. */
const ACK_WAIT = 30_000;
const MOST_UNACKNOWLEDGED = 4_096;
/** In milliseconds: how often it is looked whether the stream is still the one it was. A consumer of one that is gone may go on with signs of life. */
const LOOK = 2_000;
/** Events of a subject that are looked at in one go. */
const PAGE = 256;

/**
 * The events of a group from the broker: one durable consumer for each partition. What was shown is remembered here, by service and partition,
 * and not by the broker: a message is shown when everything before it was, by what it says of its predecessor. It is dropped when it was shown
 * already; and where one before it is missing, the relay of its service is asked to tell again from there on.
 */
export class JetStreamSource implements GroupSource {
  private readonly last = new Map<string, Place>();
  private readonly arrived = new Map<string, Arrived>();
  /** By partition. */
  private readonly unacknowledged = new Map<string, Unacknowledged>();
  private readonly pending = new Map<string, number>();
  /** By service and partition: cancels the next request for what is missing there. */
  private readonly missing = new Map<string, () => void>();
  private receiver: GroupReceiver | undefined;
  private session: BrokerSession | undefined;
  private interrupt: (error: Error) => void = () => undefined;
  private working: Promise<void> | undefined;
  private cancelPause: (() => void) | undefined;
  private cancelLook: (() => void) | undefined;
  private latest: Position | undefined;
  /** How many were shown, and how many wait for room in the group. */
  private shown = 0;
  private waiting = 0;
  /** How many were delivered; and the greatest number in the stream of those, or of what concerns nobody here. */
  private heard = 0;
  private greatest = 0;
  private isLive = false;
  private closed = false;

  /** @param place what was kept; of the generation of the event store */
  constructor(
    private readonly broker: Broker,
    place: KeptPlace | undefined,
    private readonly generation: string,
    private readonly options: JetStreamSourceOptions,
  ) {
    const { last = {}, arrived = {} } = (place ?? {}) as Partial<Kept>;
    for (const [key, position] of Object.entries(last)) this.moved(key, position);
    for (const [partition, one] of Object.entries(arrived)) this.arrived.set(partition, one);
  }

  get broken(): boolean {
    return !this.isLive;
  }

  get position(): Position | undefined {
    return this.latest;
  }

  start(receiver: GroupReceiver): void {
    this.receiver = receiver;
    this.working = this.work();
  }

  async close(): Promise<void> {
    this.closed = true;
    for (const cancel of this.missing.values()) cancel();
    this.cancelPause?.();
    this.broker.wake();
    this.interrupt(new Error('the source is closed'));
    await this.working;
  }

  place(): KeptPlace {
    return { last: Object.fromEntries(this.last), arrived: Object.fromEntries(this.arrived) };
  }

  kept(place: KeptPlace): void {
    for (const [partition, [sequence]] of Object.entries((place as unknown as Kept).arrived))
      this.unacknowledged.get(partition)?.acknowledgeUpTo(sequence);
  }

  hasShown({ subject, type, position }: MessagePlace): boolean {
    const [service, partition] = [serviceOf(type), partitionOf(subject)];
    // A message that was parked under a private type does not say whose it is.
    const services = this.options.services.has(service) ? [service] : [...this.options.services];
    return services.some((one) => this.lastOf(keyOf(one, partition)) >= position);
  }

  async lastShown(message: MessagePlace, from: number): Promise<number> {
    const { subject } = message;
    let last = from - 1;
    for (let next = from; ;) {
      const { events, upTo } = await this.read(subject, next, PAGE);
      for (const event of events) {
        if (!this.hasShown({ subject, type: event.type, position: event.position })) return last;
        last = event.revision;
      }
      if (upTo === undefined) return last;
      next = upTo + 1;
    }
  }

  async read(subject: string, from: number, maxCount: number): Promise<SubjectPage> {
    const { events, upTo } = await this.options.history.read(subject, from, maxCount);
    return { events: events.map(heldFormOf), upTo: upTo < from ? undefined : upTo };
  }

  async reached(position: Position): Promise<() => boolean> {
    const told = [...(await this.options.told(position))].filter(([key]) =>
      this.options.services.has(key.slice(0, key.lastIndexOf('.'))),
    );
    return () => told.every(([key, last]) => this.lastOf(key) >= last);
  }

  async behind(): Promise<number> {
    return [...this.pending.values()].reduce((sum, one) => sum + one, 0);
  }

  async progress(): Promise<string | undefined> {
    const { session, shown } = this;
    if (!session) return 'no broker';
    if (!(await this.hasPending(session)) && this.missing.size === 0) return undefined;
    return `${shown}`;
  }

  private async work(): Promise<void> {
    for (let failures = 0; !this.isClosed();) {
      const session = await this.broker.session(() => this.closed);
      if (!session) return;
      const before = this.shown;
      try {
        await this.hold(session);
      } catch (error) {
        if (this.isClosed() || session.isOver) continue;
        session.forgetStream();
        failures = this.shown > before ? 1 : failures + 1;
        this.receiver!.trouble(error);
        await this.pause(this.options.pause(failures));
      }
    }
  }

  /** Until one of the partitions fails, or the connection ends. */
  private async hold(session: BrokerSession): Promise<void> {
    const interrupted = new Promise<never>((_, reject) => (this.interrupt = (error) => reject(error)));
    interrupted.catch(() => undefined);
    let pulls: PartitionPull[] = [];
    const begin = async (): Promise<void> => {
      await session.ensureStream();
      const { created } = await this.streamState(session);
      await Promise.all(PARTITIONS.map((partition) => this.makeConsumer(session, partition)));
      if (this.isClosed() || session.isOver) return;
      pulls = PARTITIONS.map((partition) => this.pull(session, partition));
      for (const pull of pulls) pull.start();
      this.isLive = true;
      this.look(session, created);
      await Promise.race(pulls.map(({ failed }) => failed));
    };
    this.session = session;
    this.unacknowledged.clear();
    this.greatest = 0;
    try {
      await Promise.race([begin(), interrupted, session.ended()]);
    } finally {
      this.isLive = false;
      this.session = undefined;
      this.cancelLook?.();
      // What one of them waits to hand over would be handed over twice.
      await Promise.all(pulls.map((pull) => pull.close()));
    }
  }

  /** Consumers of a stream that was deleted and made anew may go on with signs of life, and deliver nothing for ever. */
  private look(session: BrokerSession, created: string): void {
    const heardBefore = this.heard;
    this.cancelLook = this.options.timers.after(LOOK, () => {
      this.check(session, created, heardBefore).then(
        () => this.session === session && this.look(session, created),
        (error: unknown) => this.session === session && this.interrupt(error as Error),
      );
    });
  }

  /** @throws Error when the consumers are to be made anew */
  private async check(session: BrokerSession, created: string, heardBefore: number): Promise<void> {
    const state = await this.streamState(session);
    if (state.created !== created) throw new Error('the stream is not the one that it was');
    const isQuiet = this.heard === heardBefore && this.waiting === 0;
    if (!isQuiet || state.lastSequence <= this.greatest) return;
    if (await this.hasPending(session)) {
      if (this.heard === heardBefore) throw new Error('the broker has messages that do not come');
    } else this.greatest = state.lastSequence;
  }

  private async hasPending(session: BrokerSession): Promise<boolean> {
    const pending = await Promise.all(PARTITIONS.map((partition) => session.pendingOf(this.durableOf(partition))));
    return pending.some((count) => count !== 0);
  }

  private streamState(session: BrokerSession): ReturnType<BrokerSession['streamState']> {
    // Of no subject: what is in it does not matter.
    return session.streamState(this.options.names.subject('none', 'none'));
  }

  private pull(session: BrokerSession, partition: string): PartitionPull {
    const { names, timers } = this.options;
    const consumer = { stream: names.stream, durable: this.durableOf(partition) };
    const mine = this.session;
    return new PartitionPull(session.connection, consumer, timers, (message) => {
      if (this.session === mine) return this.hear(message, partition);
    });
  }

  private async makeConsumer(session: BrokerSession, partition: string): Promise<void> {
    const { names } = this.options;
    const [service] = this.options.services;
    const begun = await this.stillThere(session, partition);
    if (begun === undefined) this.arrived.delete(partition);
    await session.remakeConsumer({
      durable_name: this.durableOf(partition),
      filter_subject: names.subject(this.options.services.size === 1 ? service! : '*', partition),
      ack_policy: 'explicit',
      ack_wait: nanosOf(ACK_WAIT),
      max_ack_pending: MOST_UNACKNOWLEDGED,
      ...(begun === undefined ? { deliver_policy: 'all' } : { deliver_policy: 'by_start_sequence', opt_start_seq: begun + 1 }),
    });
  }

  /** The number of the message that came last, if it has that number still: a broker that has lost something gives numbers twice. */
  private async stillThere(session: BrokerSession, partition: string): Promise<number | undefined> {
    const arrived = this.arrived.get(partition);
    if (!arrived) return undefined;
    const [sequence, position] = arrived;
    const link = linkOf((await session.messageAt(sequence))?.header);
    return link?.position === position ? sequence : undefined;
  }

  private hear(message: Delivered, partition: string): Promise<void> | void {
    this.heard++;
    this.greatest = Math.max(this.greatest, message.sequence);
    this.pending.set(partition, message.pending);
    const link = linkOf(message.headers);
    const service = message.subject.slice(this.options.names.installation.length + 1, -(partition.length + 1));
    // Of another installation's past, of somebody else, or of a service that nobody here listens to.
    if (!link || generationOf(link.position) !== this.generation || !this.options.services.has(service))
      this.drop(message, partition, link);
    else
      switch (judge(this.lastOf(keyOf(service, partition)), link)) {
        case 'next':
          return this.show(message, keyOf(service, partition), partition, link);
        case 'repeated':
          this.unacknowledged.get(partition)?.acknowledgeUpTo(message.sequence);
          this.drop(message, partition, link);
          break;
        case 'missed':
          this.miss(message, service, partition);
      }
  }

  private show(message: Delivered, key: string, partition: string, link: Link): Promise<void> | void {
    const type = message.headers!.get(headerNames.type);
    if (!this.receiver!.types.includes(type)) {
      this.moved(key, link.position);
      this.drop(message, partition, link);
      this.receiver!.passedBy(1);
      return;
    }
    const event: RecordedEvent = heldFormOf(parseEvent(message.body()));
    this.waiting++;
    const taken = this.receiver!.take(event, () => {
      this.moved(key, link.position);
      this.arrivedAt(message, partition, link);
      const waiting = this.unacknowledged.get(partition) ?? new Unacknowledged();
      this.unacknowledged.set(partition, waiting);
      waiting.add(message.receipt());
      this.shown++;
    });
    if (taken) return taken.finally(() => this.waiting--);
    this.waiting--;
  }

  private drop(message: Delivered, partition: string, link: Link | undefined): void {
    if (link) this.arrivedAt(message, partition, link);
    message.acknowledge();
  }

  private arrivedAt({ sequence }: Delivered, partition: string, { position }: Link): void {
    if (sequence > (this.arrived.get(partition)?.[0] ?? 0)) this.arrived.set(partition, [sequence, position]);
  }

  private moved(key: string, position: Position): void {
    this.last.set(key, position);
    this.latest = later(position, this.latest ?? '') as Position;
    this.missing.get(key)?.();
    this.missing.delete(key);
  }

  /** Something before this message has not come, and will not come by itself. What is told again will have this one as well. */
  private miss(message: Delivered, service: string, partition: string): void {
    message.acknowledge();
    const key = keyOf(service, partition);
    if (!this.missing.has(key)) this.ask(service, partition, 1);
  }

  private ask(service: string, partition: string, times: number): void {
    const { names, timers, pause } = this.options;
    const key = keyOf(service, partition);
    const connection = this.session?.connection;
    if (connection && !connection.isClosed())
      connection.publish(names.wanted(service), JSON.stringify({ partition, after: this.lastOf(key) }));
    // A relay that is away hears nothing; one that is at it needs time.
    const again = timers.after(Math.max(1_000, pause(times)), () => this.ask(service, partition, times + 1));
    this.missing.set(key, again);
  }

  private lastOf(key: string): Place {
    return this.last.get(key) ?? '';
  }

  private durableOf(partition: string): string {
    return `${this.options.group}-${partition}`;
  }

  private isClosed(): boolean {
    return this.closed;
  }

  private pause(ms: number): Promise<void> {
    if (this.closed) return Promise.resolve();
    return new Promise((resolve) => {
      const cancel = this.options.timers.after(ms, resolve);
      this.cancelPause = () => {
        cancel();
        resolve();
      };
    });
  }
}

export function keyOf(service: string, partition: string): string {
  return `${service}.${partition}`;
}
