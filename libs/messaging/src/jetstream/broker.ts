import type { ConsumerConfig as DriverConfig, JetStreamManager, NatsConnection, StoredMsg } from 'nats';
import { setTimeout as delay } from 'node:timers/promises';
import { Signal } from '../signal';
import type { Timers } from '../timers';
import type { Names } from './wire';

/**
 * In milliseconds. A server (2.9.10) that deletes a stream removes its files after it has said so: one of the same name that is made in that moment loses
 * its own, and has messages for ever that it can't deliver.
 */
const SETTLE = 1_000;

/** The stream as it is to be, beside its name and subjects. */
export interface StreamLimits {
  readonly maxAgeMs: number;
  readonly maxBytes: number;
  readonly replicas: number;
}

/** A durable consumer as the broker's own API has it: the driver has enums for these words, and is not loaded for their sake. */
export interface ConsumerConfig {
  readonly durable_name: string;
  readonly filter_subject: string;
  readonly ack_policy: 'explicit';
  readonly ack_wait: number;
  readonly max_ack_pending: number;
  readonly deliver_policy: 'all' | 'by_start_sequence';
  readonly opt_start_seq?: number;
}

export interface BrokerSettings {
  readonly names: Names;
  readonly limits: StreamLimits;
  readonly timers: Timers;
  /** Before the next attempt, in milliseconds. @param failures in a row, from 1 */
  readonly pause: (failures: number) => number;
  readonly onTrouble: (error: unknown) => void;
}

/** One connection to the broker, from its beginning to its end. */
export class BrokerSession {
  private made: Promise<void> | undefined;
  private wasThere = false;

  constructor(
    readonly connection: NatsConnection,
    private readonly manager: JetStreamManager,
    private readonly names: Names,
    private readonly limits: StreamLimits,
  ) {}

  /** Fulfilled when the connection is gone. */
  async ended(): Promise<void> {
    await this.connection.closed();
  }

  get isOver(): boolean {
    return this.connection.isClosed();
  }

  /** Makes the stream, or makes it what it is to be; once in a session. @throws what the broker says */
  async ensureStream(): Promise<void> {
    this.made ??= this.makeStream();
    try {
      await this.made;
    } catch (error) {
      this.made = undefined;
      throw error;
    }
  }

  /** The stream was seen to be gone. */
  forgetStream(): void {
    this.made = undefined;
  }

  async streamState(subjects: string): Promise<{
    readonly created: string;
    readonly lastSequence: number;
    /** With something in the stream. */
    readonly subjects: ReadonlySet<string>;
  }> {
    const { created, state } = await this.manager.streams.info(this.names.stream, { subjects_filter: subjects });
    return { created, lastSequence: state.last_seq, subjects: new Set(Object.keys(state.subjects ?? {})) };
  }

  /** `undefined` where there is none. */
  lastOf(subject: string): Promise<StoredMsg | undefined> {
    return this.found(this.manager.streams.getMessage(this.names.stream, { last_by_subj: subject }));
  }

  /** `undefined` where there is none, or none any more. */
  messageAt(sequence: number): Promise<StoredMsg | undefined> {
    return this.found(this.manager.streams.getMessage(this.names.stream, { seq: sequence }));
  }

  /** A durable consumer, made anew: what an earlier one had handed out is not waited for. */
  async remakeConsumer(config: ConsumerConfig): Promise<void> {
    await this.found(this.manager.consumers.delete(this.names.stream, config.durable_name));
    await this.manager.consumers.add(this.names.stream, config as unknown as Partial<DriverConfig>);
  }

  /** Messages that a consumer has not handed out; `undefined` where there is no such consumer. */
  async pendingOf(durable: string): Promise<number | undefined> {
    return (await this.found(this.manager.consumers.info(this.names.stream, durable)))?.num_pending;
  }

  private async makeStream(): Promise<void> {
    const { stream: name, all } = this.names;
    const { maxAgeMs, maxBytes, replicas } = this.limits;
    const wanted = { subjects: [all], max_age: nanosOf(maxAgeMs), max_bytes: maxBytes, num_replicas: replicas };
    const existing = await this.found(this.manager.streams.info(name));
    if (!existing) {
      if (this.wasThere) await delay(SETTLE, undefined, { ref: false });
      this.wasThere = true;
      // Kept in files, for as long as the limits say, the oldest making way: the broker's defaults.
      await this.manager.streams.add({ name, ...wanted });
      return;
    }
    this.wasThere = true;
    const { config } = existing;
    const differs = (Object.keys(wanted) as (keyof typeof wanted)[]).some((key) => String(config[key]) !== String(wanted[key]));
    if (differs) await this.manager.streams.update(name, { ...config, ...wanted });
  }

  private async found<T>(asked: Promise<T>): Promise<T | undefined> {
    try {
      return await asked;
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }
}

/** Keeps a connection to the broker, for ever: when it is gone, there will be another one. */
export class Broker {
  private readonly changed = new Signal();
  private current: BrokerSession | undefined;
  private cancelPause: (() => void) | undefined;
  private working: Promise<void> | undefined;
  private closed = false;

  constructor(
    private readonly connect: () => Promise<NatsConnection>,
    private readonly settings: BrokerSettings,
  ) {}

  get isConnected(): boolean {
    return this.current !== undefined;
  }

  start(): void {
    this.working ??= this.work();
  }

  /**
   * The session of now, or the next one; `undefined` when there will be none any more.
   * @param givenUp whoever waits does not want one any more; to be asked at each {@link Broker.wake}
   */
  async session(givenUp: () => boolean): Promise<BrokerSession | undefined> {
    const isOver = (): boolean => this.closed || givenUp();
    await this.changed.until(() => isOver() || this.current !== undefined);
    return isOver() ? undefined : this.current;
  }

  /** Somebody has given up. */
  wake(): void {
    this.changed.notify();
  }

  async close(): Promise<void> {
    this.closed = true;
    this.changed.notify();
    this.cancelPause?.();
    await this.current?.connection.close();
    await this.working;
  }

  private async work(): Promise<void> {
    for (let failures = 0; !this.isClosed();) {
      try {
        await this.hold(() => (failures = 0));
        if (!this.isClosed()) throw new Error('the connection to the broker is gone');
      } catch (error) {
        failures++;
        this.settings.onTrouble(error);
        await this.pause(this.settings.pause(failures));
      }
    }
  }

  private async hold(onConnected: () => void): Promise<void> {
    const connection = await this.connect();
    try {
      const manager = await connection.jetstreamManager({ checkAPI: false });
      if (this.closed) return;
      onConnected();
      this.current = new BrokerSession(connection, manager, this.settings.names, this.settings.limits);
      this.changed.notify();
      await this.current.ended();
    } finally {
      this.current = undefined;
      await connection.close();
    }
  }

  private isClosed(): boolean {
    return this.closed;
  }

  private pause(ms: number): Promise<void> {
    if (this.closed) return Promise.resolve();
    return new Promise((resolve) => {
      const cancel = this.settings.timers.after(ms, resolve);
      this.cancelPause = () => {
        cancel();
        resolve();
      };
    });
  }
}

export function nanosOf(ms: number): number {
  return ms * 1_000_000;
}

/** The stream, the consumer or the message is not there. */
export function isNotFound(error: unknown): boolean {
  return (error as { readonly code?: unknown } | null)?.code === '404';
}
