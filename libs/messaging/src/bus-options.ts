import type { EventCodec } from '@souk/event-sourcing';
import type { RetryOptions } from './back-off';
import type { BusTrouble, DeliveryFailure } from './bus-stats';
import type { GroupOptions } from './group-consumer';
import type { LaneLimits } from './subject-lanes';
import { systemTimers, type Timers } from './timers';

/** What every bus can be told. */
export interface BusOptions {
  /** How events in the store are read, and facts written; without it, as they are. An event that it cannot read is a message that fails. */
  readonly codec?: EventCodec;
  /** Default: 100 ms, four times as long each time, at most 30 s: five attempts take some eight seconds. */
  readonly retry?: Partial<RetryOptions>;
  /** Attempts after which a message is parked; those that failed for a transient reason are not counted. Default: 5. */
  readonly maxAttempts?: number;
  /** A handler that takes longer has failed, in milliseconds. It is not stopped. Default: 60,000. */
  readonly handlerTimeoutMs?: number;
  /** Handlers of one group at work at the same time, each for another subject. Default: 32. */
  readonly concurrency?: number;
  /** Beyond these the source of a group waits. Default: 1,000 subjects, 1,000 events, 64 events per subject. */
  readonly limits?: Partial<LaneLimits>;
  /** Pause between two writes of checkpoints, in milliseconds. Default: 20. */
  readonly checkpointPauseMs?: number;
  readonly timers?: Timers;
  /** In [0, 1), for the back-off. */
  readonly random?: () => number;
  readonly now?: () => Date;
  /** A message failed, for logs and metrics. Must not throw. */
  readonly onFailure?: (failure: DeliveryFailure) => void;
  /** A subscription ended or a checkpoint could not be written, for logs and metrics. Must not throw. */
  readonly onTrouble?: (trouble: BusTrouble) => void;
}

/** The options with their defaults. */
export type RunOptions = Omit<GroupOptions, 'onProgress' | 'persist'> & { readonly checkpointPauseMs: number };

export function runOptionsOf(options: BusOptions): RunOptions {
  return {
    codec: options.codec,
    maxAttempts: options.maxAttempts ?? 5,
    retry: { firstMs: 100, maxMs: 30_000, factor: 4, ...options.retry },
    handlerTimeoutMs: options.handlerTimeoutMs ?? 60_000,
    concurrency: options.concurrency ?? 32,
    limits: { subjects: 1_000, events: 1_000, eventsPerSubject: 64, ...options.limits },
    checkpointPauseMs: options.checkpointPauseMs ?? 20,
    timers: options.timers ?? systemTimers,
    random: options.random ?? Math.random,
    now: options.now ?? (() => new Date()),
    onFailure: options.onFailure ?? (() => undefined),
    onTrouble: options.onTrouble ?? (() => undefined),
  };
}
