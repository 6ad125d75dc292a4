import {
  type Activity,
  derivedUuid,
  type EventStore,
  type EventToAppend,
  type RecordedEvent,
  type Subscription,
  WrongExpectedRevision,
} from '@souk/event-sourcing';
import { type Lease, leaseAggregate, type LeaseCommand } from './lease';
import type { LeaseEvent } from './lease.events';
import type { MonotonicClock } from './monotonic-clock.port';

/** A term in which one process alone does something. */
export interface HeldLease {
  /** Grows with every term, whoever holds it: who sees a greater one knows that this term is over. */
  readonly token: number;
}

export interface LeaseOptions {
  /** What is held: `deadlines`. */
  readonly lease: string;
  /** A name of its own for every start of every process. */
  readonly holder: string;
  /** A lease that was not renewed for so long may be taken over. Milliseconds. */
  readonly termMs: number;
  /**
   * Something else proves that every earlier holder is dead and that no other can come, as the lock of the data folder does: the lease is
   * taken at once, and kept without renewing it.
   */
  readonly sole?: boolean;
  /** The store failed; it is tried again. For logs. */
  readonly onTrouble?: (error: unknown) => void;
}

/** The part of a term that the holder leaves unused, so that it has let go before another takes over. Allows for clocks that differ by a tenth. */
const MARGIN = 0.2;
/** Renewals in a term. */
const RENEWALS = 3;
/** Who waits looks this much later than the next renewal should be seen: as long as they come, it need not look. */
const PATIENCE = 1.5;
/** Pauses in a term after which a store that failed is tried again. */
const RETRIES = 10;

interface Term {
  readonly token: number;
  readonly revision: number;
  readonly until: number;
}

/** An append whose answer is not there yet, or never came. */
interface Attempt {
  readonly expected: number;
  readonly fact: LeaseEvent;
  /** On the own clock, before it was sent: the fact may be as old as that. */
  readonly at: number;
}

/**
 * Takes a lease, keeps it and gives it back. Laws, with nothing but each one's own monotonic clock:
 * - a lease is taken over when its stream has not moved for a whole term since it was *seen*, by an append at exactly that revision;
 * - the holder counts from the moment *before* it sent the append that was last acknowledged, and stops a margin before the term is over, also
 *   when it was frozen meanwhile: so {@link held} is never true of two at once;
 * - an append whose answer got lost is made again with the same ids at the same revision, which answers the original result: nothing is
 *   known to be held that is not, and nothing is held that nobody knows of;
 * - tokens grow.
 *
 * Who waits is told of the stream by a subscription, so that a lease that is given back is taken within milliseconds; since subscriptions
 * may fall silent, it looks for itself where a renewal is late.
 */
export class LeaseKeeper {
  private readonly stream: string;
  private term: Term | undefined;
  private attempt: Attempt | undefined;
  private seen: { readonly revision: number; readonly since: number } | undefined;
  private running = false;
  private turning: Promise<void> = Promise.resolve();
  private cancel: () => void = () => undefined;
  /** A turn is under way: the next one is set when it has ended. */
  private atWork = false;
  /** The lease was given back meanwhile. */
  private freed = false;
  private watch: Subscription | undefined;
  private readonly listeners = new Set<() => void>();
  /** What listeners have last been told. */
  private told = false;
  private cancelExpiry: () => void = () => undefined;
  /** For those who only need to know whether, not which term. */
  readonly activity: Activity = {
    held: () => this.held() !== undefined,
    changes: (listener) => this.changes(listener),
  };

  constructor(
    private readonly store: EventStore,
    private readonly clock: MonotonicClock,
    private readonly options: LeaseOptions,
  ) {
    this.stream = `${leaseAggregate.category}-${options.lease}`;
  }

  get lease(): string {
    return this.options.lease;
  }

  /** The term, if it is this one's at this very moment. To be asked anew before each thing that only the holder does. */
  held(): HeldLease | undefined {
    const { term } = this;
    return term && this.clock.now() < term.until ? { token: term.token } : undefined;
  }

  /** Calls back when the lease was gained, was lost, or has run out. Must not throw. @returns stops that */
  changes(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Fulfilled after the first attempt, whatever came of it; it goes on by itself. */
  async start(): Promise<void> {
    if (this.running) return;
    this.running = true;
    await this.turn();
  }

  /** Gives the lease back, so that nobody waits for it to run out. May be started again. */
  async stop(): Promise<void> {
    if (!this.running) return;
    this.running = false;
    this.cancel();
    await this.turning;
    await this.stopWatching();
    const { term } = this;
    this.term = undefined;
    this.tell();
    // After an append whose answer got lost it runs out by itself.
    if (!term || this.attempt) return;
    const attempt = this.attemptAt(term.revision, 'release-lease', this.ownState());
    await this.append(attempt).catch((error: unknown) => this.options.onTrouble?.(error));
  }

  private turn(): Promise<void> {
    this.atWork = true;
    this.turning = this.step().then(
      (pause) => this.again(pause),
      (error: unknown) => {
        this.options.onTrouble?.(error);
        // Who is alone is in no hurry.
        this.again(this.options.termMs / (this.options.sole ? 1 : RETRIES));
      },
    );
    return this.turning;
  }

  private again(pause: number): void {
    this.atWork = false;
    const now = this.freed ? 0 : pause;
    this.freed = false;
    if (this.running && now < Infinity) this.cancel = this.clock.after(now, () => void this.turn());
  }

  /** One thing to do. @returns milliseconds until the next */
  private async step(): Promise<number> {
    if (this.attempt) return this.carryOut(this.attempt);
    if (this.term) return this.carryOut(this.attemptAt(this.term.revision, 'renew-lease', this.ownState()));
    const { state, revision } = await this.last();
    const pause = this.runsOutIn(state, revision);
    if (pause > 0) {
      this.startWatching(revision);
      return this.untilNextLook(pause);
    }
    return this.carryOut(this.attemptAt(revision, 'take-lease', state));
  }

  private async carryOut(attempt: Attempt): Promise<number> {
    this.attempt = attempt;
    try {
      const revision = await this.append(attempt);
      const token = this.term?.token ?? revision;
      const isNew = this.term === undefined;
      this.term = { token, revision, until: this.options.sole ? Infinity : attempt.at + this.options.termMs * (1 - MARGIN) };
      this.attempt = undefined;
      if (isNew) await this.stopWatching();
      this.tell();
      return this.options.sole ? Infinity : this.renewEvery;
    } catch (error) {
      // It may have been written: the same attempt again will tell.
      if (!(error instanceof WrongExpectedRevision)) throw error;
      this.attempt = undefined;
      this.term = undefined;
      this.tell();
      // Who has it now, the stream says.
      return 0;
    }
  }

  /** Tells listeners where something is different from what they know, and once more when the term will be over. */
  private tell(): void {
    this.cancelExpiry();
    const { term } = this;
    const held = this.held() !== undefined;
    if (held && term!.until < Infinity)
      this.cancelExpiry = this.clock.after(Math.max(1, term!.until - this.clock.now()), () => {
        this.tell();
      });
    if (held === this.told) return;
    this.told = held;
    for (const listener of this.listeners) listener();
  }

  private startWatching(revision: number): void {
    if (this.watch || this.options.sole || !this.running) return;
    const watch = this.store.subscribeToStream(this.stream, revision + 1, {
      onEvents: (events) => this.see(events),
      onEnd: () => {
        // The next look starts another one.
        if (this.watch === watch) this.watch = undefined;
      },
    });
    this.watch = watch;
  }

  private async stopWatching(): Promise<void> {
    const { watch } = this;
    this.watch = undefined;
    await watch?.close();
  }

  /** The stream has moved while this one waits. */
  private see(events: readonly RecordedEvent[]): void {
    const { type, revision } = events.at(-1)!;
    if (!this.running || this.term || this.attempt || (this.seen && revision <= this.seen.revision)) return;
    this.seen = { revision, since: this.clock.now() };
    this.freed = type === ('LeaseReleased' satisfies LeaseEvent['type']);
    if (this.atWork) return;
    this.cancel();
    this.again(this.untilNextLook(this.options.termMs));
  }

  private untilNextLook(pause: number): number {
    return Math.min(pause, this.watch ? this.renewEvery * PATIENCE : this.renewEvery);
  }

  /** What others do with the time: how long their lease has to be watched before it is free for everybody. */
  private runsOutIn(state: Lease, revision: number): number {
    const now = this.clock.now();
    if (this.seen?.revision !== revision) this.seen = { revision, since: now };
    if (this.options.sole || state.status === 'free') return 0;
    return this.seen.since + this.options.termMs - now;
  }

  private get renewEvery(): number {
    return this.options.termMs / RENEWALS;
  }

  private ownState(): Lease {
    const { lease, holder } = this.options;
    return { status: 'held', lease, holder };
  }

  private attemptAt(expected: number, type: LeaseCommand['type'], state: Lease): Attempt {
    const { lease, holder } = this.options;
    const [fact] = leaseAggregate.decide({ type, lease, holder }, state);
    if (!fact) throw new Error(`nothing came of ${type} on "${lease}"`);
    return { expected, fact, at: this.clock.now() };
  }

  /** @returns the revision of the fact. @throws WrongExpectedRevision when another was faster */
  private async append({ expected, fact }: Attempt): Promise<number> {
    const { holder } = this.options;
    const commandId = derivedUuid(this.stream, holder, expected + 1, fact.type);
    const event: EventToAppend = {
      id: derivedUuid(this.stream, commandId, 0),
      type: fact.type,
      data: fact.data,
      metadata: {
        commandId,
        correlationId: commandId,
        causationId: commandId,
        actor: { kind: 'system', id: holder },
        tenants: leaseAggregate.tenants(leaseAggregate.initial),
        schemaVersion: 1,
      },
    };
    return (await this.store.append(this.stream, expected < 0 ? 'no-stream' : expected, [event])).revision;
  }

  private async last(): Promise<{ readonly state: Lease; readonly revision: number }> {
    for await (const { type, data, revision } of this.store.readStream(this.stream, { direction: 'backwards', maxCount: 1 }))
      return { state: leaseAggregate.evolve(leaseAggregate.initial, { type, data } as LeaseEvent), revision };
    return { state: leaseAggregate.initial, revision: -1 };
  }
}
