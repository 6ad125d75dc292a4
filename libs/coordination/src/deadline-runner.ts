import { type Activity, type CommandHandler, derivedUuid } from '@souk/event-sourcing';
import type { ReadModel } from '@souk/read-store';
import { deadlineAggregate } from './deadline';
import type { DeadlineHandlers } from './deadline-handlers';
import type { DeadlineDoc } from './deadlines.projection';
import type { MonotonicClock } from './monotonic-clock.port';

/** The time of day. */
export interface WallClock {
  now(): Date;
}

/** A command that did not succeed; it is tried again. */
export interface DeadlineFailure {
  readonly deadlineId: string;
  readonly service: string;
  readonly command: string;
  /** How often, since this process started. */
  readonly failures: number;
  readonly error: unknown;
}

export interface DeadlineRunnerOptions {
  readonly commands: CommandHandler;
  readonly deadlines: ReadModel<DeadlineDoc>;
  readonly handlers: DeadlineHandlers;
  /** Who is the one, looks. */
  readonly activity: Activity;
  readonly clock: WallClock;
  readonly monotonic: MonotonicClock;
  /** Commands at work at the same time. Default 16. */
  readonly concurrency?: number;
  /** A command that takes longer has failed. Milliseconds, default 30,000. */
  readonly timeoutMs?: number;
  /** For logs and metrics. Must not throw. */
  readonly onFailure?: (failure: DeadlineFailure) => void;
  /** The stores failed; it is looked again. For logs. Must not throw. */
  readonly onTrouble?: (error: unknown) => void;
}

/** It is looked at least so often, whatever the clocks say: the clock on the wall may have been set meanwhile. */
const LOOK_EVERY = 60_000;
const FIRST_RETRY = 1_000;
const LAST_RETRY = 5 * 60_000;
const PAGE = 200;
/** So many that fail are not looked through again and again: at most so often. */
const MANY_FAILING = 1_000;
/** How long commands under way may take when the process is to end. */
const STOP_WITHIN = 1_500;

interface Failing {
  readonly failures: number;
  /** On the monotonic clock. */
  readonly notBefore: number;
}

/**
 * Does what is due for the services that have handlers here, as long as it is the one who may. Laws:
 * - what is due, the read model says, by the clock on the wall; timers and changes of the read model only say *look*. A clock that is set
 *   ahead makes deadlines due, at the latest a minute later; one that is set back makes nothing happen again: what has passed, has passed;
 * - the deadline's own stream is read before its command is sent, and that it passed is recorded after: a process that dies in between
 *   sends the command again, with the same id;
 * - a command that fails or hangs holds back no other one;
 * - of services without a handler here nothing is looked at, however much of it is due.
 */
export class DeadlineRunner {
  private readonly failing = new Map<string, Failing>();
  private running = false;
  private looking: Promise<void> | undefined;
  private again = false;
  private cancel: () => void = () => undefined;
  private unfollow: () => void = () => undefined;

  constructor(private readonly options: DeadlineRunnerOptions) {}

  /** Deadlines whose command has failed and will be tried again, for metrics. */
  get failingCount(): number {
    return this.failing.size;
  }

  start(): void {
    if (this.running) return;
    this.running = true;
    const unfollow = [
      this.options.deadlines.changes(() => this.look()),
      this.options.activity.changes(() => {
        this.look();
      }),
    ];
    this.unfollow = () => unfollow.forEach((stop) => stop());
    this.look();
  }

  /** Fulfilled when no command is under way any more, or would take too long to wait for: the next start does it again. */
  async stop(): Promise<void> {
    if (!this.running) return;
    this.running = false;
    this.unfollow();
    this.cancel();
    if (this.looking) await Promise.race([this.looking, this.pause(STOP_WITHIN)]);
  }

  /** There may be something due. Safe to call at any time, any number of times. */
  look(): void {
    if (!this.running) return;
    this.again = true;
    this.looking ??= this.lookWhileAsked();
  }

  private async lookWhileAsked(): Promise<void> {
    this.cancel();
    let pause = FIRST_RETRY;
    while (this.again && this.running) {
      this.again = false;
      pause = await this.doWhatIsDue().catch((error: unknown) => {
        this.options.onTrouble?.(error);
        return FIRST_RETRY;
      });
      if (this.failing.size > MANY_FAILING) await this.pause(FIRST_RETRY);
    }
    this.looking = undefined;
    if (this.running) this.cancel = this.options.monotonic.after(pause, () => this.look());
  }

  /** @returns milliseconds until the next look */
  private async doWhatIsDue(): Promise<number> {
    if (!this.mayGoOn()) return LOOK_EVERY;
    const now = this.options.clock.now();
    const due = this.dueUntil(now);
    const stillFailing = new Set<string>();
    const worker = async (): Promise<void> => {
      for (let next = await due.next(); !next.done; next = await due.next())
        if (!(await this.pass(next.value))) stillFailing.add(next.value.deadlineId);
    };
    await Promise.all(Array.from({ length: this.options.concurrency ?? 16 }, worker));
    if (this.mayGoOn()) for (const id of this.failing.keys()) if (!stillFailing.has(id)) this.failing.delete(id);
    return this.nextLook(now);
  }

  /** Everything that is due by then, of the services that have handlers here, each in order. Ends early when the lease is lost. */
  private async *dueUntil(now: Date): AsyncGenerator<DeadlineDoc, void, void> {
    const range = { to: new Date(now.getTime() + 1).toISOString() };
    for (const service of this.options.handlers.services()) {
      let cursor: string | undefined;
      do {
        const query = { index: 'byService', where: { service }, range, limit: PAGE, ...(cursor && { cursor }) };
        const page = await this.options.deadlines.query(query);
        for (const doc of page.items) {
          if (!this.mayGoOn()) return;
          yield doc;
        }
        cursor = page.next;
      } while (cursor !== undefined);
    }
  }

  /** @returns whether it is over */
  private async pass(doc: DeadlineDoc): Promise<boolean> {
    const { deadlineId, service, command } = doc;
    const before = this.failing.get(deadlineId);
    if (before && before.notBefore > this.options.monotonic.now()) return false;
    try {
      await this.carryOut(doc);
      return true;
    } catch (error) {
      const failures = (before?.failures ?? 0) + 1;
      const pause = Math.min(FIRST_RETRY * 2 ** (failures - 1), LAST_RETRY);
      this.failing.set(deadlineId, { failures, notBefore: this.options.monotonic.now() + pause });
      this.options.onFailure?.({ deadlineId, service, command, failures, error });
      return false;
    }
  }

  private async carryOut({ deadlineId, setBy, correlationId }: DeadlineDoc): Promise<void> {
    const { commands, handlers, clock } = this.options;
    // The read model may be a moment behind.
    const { state } = await commands.load(deadlineAggregate, deadlineId);
    if (state.status !== 'open') return;
    const context = { correlationId, causationId: setBy, actor: { kind: 'system', id: 'deadlines' } } as const;
    const commandId = derivedUuid('deadline', deadlineId);
    await this.inTime(handlers.of(state.service, state.command.type)(state.command.data, { ...context, commandId }));
    const passed = { type: 'pass-deadline', now: clock.now().toISOString() } as const;
    await commands.handle(deadlineAggregate, deadlineId, passed, {
      ...context,
      commandId: derivedUuid('deadline', deadlineId, 'pass'),
    });
  }

  private async inTime(work: Promise<unknown>): Promise<void> {
    const { monotonic, timeoutMs = 30_000 } = this.options;
    let cancel: () => void = () => undefined;
    const late = new Promise<never>((_, reject) => {
      cancel = monotonic.after(timeoutMs, () => reject(new Error(`it took more than ${timeoutMs} ms`)));
    });
    try {
      await Promise.race([work, late]);
    } finally {
      cancel();
    }
  }

  private async nextLook(now: Date): Promise<number> {
    const { deadlines, handlers, monotonic, clock } = this.options;
    const range = { from: new Date(now.getTime() + 1).toISOString() };
    const pauses = [LOOK_EVERY];
    for (const service of handlers.services()) {
      const [next] = (await deadlines.query({ index: 'byService', where: { service }, range, limit: 1 })).items;
      if (next) pauses.push(Date.parse(next.dueAt) - clock.now().getTime());
    }
    for (const { notBefore } of this.failing.values()) pauses.push(notBefore - monotonic.now());
    return Math.max(
      1,
      pauses.reduce((least, pause) => Math.min(least, pause)),
    );
  }

  private mayGoOn(): boolean {
    return this.running && this.options.activity.held();
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.options.monotonic.after(ms, resolve));
  }
}
