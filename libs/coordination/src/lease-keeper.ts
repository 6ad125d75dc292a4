import { derivedUuid, type EventStore, type EventToAppend, WrongExpectedRevision } from '@souk/event-sourcing';
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
  /** A term has begun. */
  readonly onHeld?: () => void;
  /** The store failed; it is tried again. For logs. */
  readonly onTrouble?: (error: unknown) => void;
}

/** The part of a term that the holder leaves unused, so that it has let go before another takes over. Allows for clocks that differ by a tenth. */
const MARGIN = 0.2;
/** Renewals in a term. */
const RENEWALS = 3;
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
 */
export class LeaseKeeper {
  private readonly stream: string;
  private term: Term | undefined;
  private attempt: Attempt | undefined;
  private seen: { readonly revision: number; readonly since: number } | undefined;
  private running = false;
  private turning: Promise<void> = Promise.resolve();
  private cancel: () => void = () => undefined;

  constructor(
    private readonly store: EventStore,
    private readonly clock: MonotonicClock,
    private readonly options: LeaseOptions,
  ) {
    this.stream = `${leaseAggregate.category}-${options.lease}`;
  }

  /** The term, if it is this one's at this very moment. To be asked anew before each thing that only the holder does. */
  held(): HeldLease | undefined {
    const { term } = this;
    return term && this.clock.now() < term.until ? { token: term.token } : undefined;
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
    const { term } = this;
    this.term = undefined;
    // After an append whose answer got lost it runs out by itself.
    if (!term || this.attempt) return;
    const attempt = this.attemptAt(term.revision, 'release-lease', this.ownState());
    await this.append(attempt).catch((error: unknown) => this.options.onTrouble?.(error));
  }

  private turn(): Promise<void> {
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
    if (this.running && pause < Infinity) this.cancel = this.clock.after(pause, () => void this.turn());
  }

  /** One thing to do. @returns milliseconds until the next */
  private async step(): Promise<number> {
    if (this.attempt) return this.carryOut(this.attempt);
    if (this.term) return this.carryOut(this.attemptAt(this.term.revision, 'renew-lease', this.ownState()));
    const { state, revision } = await this.last();
    const pause = this.runsOutIn(state, revision);
    if (pause > 0) return Math.min(pause, this.renewEvery);
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
      if (isNew) this.options.onHeld?.();
      return this.options.sole ? Infinity : this.renewEvery;
    } catch (error) {
      // It may have been written: the same attempt again will tell.
      if (!(error instanceof WrongExpectedRevision)) throw error;
      this.attempt = undefined;
      this.term = undefined;
      return this.renewEvery;
    }
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
    const commandId = derivedUuid(this.stream, holder, expected + 1);
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
