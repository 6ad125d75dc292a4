import { randomUUID } from 'node:crypto';
import type { Msg, NatsConnection, Subscription } from 'nats';
import type { Timers } from '../timers';
import { nanosOf } from './broker';

/** Messages that are asked for at a time; and how many may be left of them when the next ones are. */
const BATCH = 128;
const LEFT = 32;
/** In milliseconds: how long the broker may take to find them, and its signs of life meanwhile; what is silent for longer is broken. */
const EXPIRES = 30_000;
const HEARTBEAT = 2_000;
const SILENCE = 3 * HEARTBEAT;

const ACK = Buffer.from('+ACK');

/** To acknowledge a message later, without the message. */
export interface Receipt {
  /** Its number in the stream. */
  readonly sequence: number;
  /** Nothing happens where the connection is gone. */
  acknowledge(): void;
}

/** A message of the stream, on its way to a consumer. */
export class Delivered {
  private readonly reply: readonly string[];

  constructor(
    private readonly message: Msg,
    private readonly connection: NatsConnection,
  ) {
    // $JS.ACK.<stream>.<consumer>.<deliveries>.<stream sequence>.<consumer sequence>.<time>.<pending>, with two or three more from 2.10 on.
    this.reply = (message.reply ?? '').split('.');
  }

  get subject(): string {
    return this.message.subject;
  }

  get headers(): Msg['headers'] {
    return this.message.headers;
  }

  /** Its number in the stream. */
  get sequence(): number {
    return Number(this.reply[this.offset + 5]);
  }

  /** How many come after it. */
  get pending(): number {
    return Number(this.reply[this.offset + 8]);
  }

  body(): string {
    return this.message.string();
  }

  /** It need not be delivered again. Nothing happens where the connection is gone. */
  acknowledge(): void {
    this.receipt().acknowledge();
  }

  receipt(): Receipt {
    const { connection, sequence } = this;
    const reply = this.message.reply!;
    return {
      sequence,
      acknowledge: () => {
        if (!connection.isClosed()) connection.publish(reply, ACK);
      },
    };
  }

  private get offset(): number {
    return this.reply.length === 9 ? 0 : 2;
  }
}

/** Takes the messages of one durable consumer, one after the other, until something goes wrong. */
export class PartitionPull {
  /** Rejected when it has failed; never fulfilled. */
  readonly failed: Promise<never>;
  private fail!: (error: unknown) => void;
  private readonly inbox = `_INBOX.${randomUUID()}`;
  private readonly next: string;
  private readonly request = Buffer.from(
    JSON.stringify({ batch: BATCH, expires: nanosOf(EXPIRES), idle_heartbeat: nanosOf(HEARTBEAT) }),
  );
  private subscription: Subscription | undefined;
  private readonly queue: Delivered[] = [];
  /** Messages that the broker still owes. */
  private owed = 0;
  private isWorking = false;
  private working: Promise<void> | undefined;
  private closed = false;
  private heard = 0;
  private cancelLook: (() => void) | undefined;

  /** @param handle it is called with the next one when its promise is fulfilled */
  constructor(
    private readonly connection: NatsConnection,
    consumer: { readonly stream: string; readonly durable: string },
    private readonly timers: Timers,
    private readonly handle: (message: Delivered) => Promise<void> | void,
  ) {
    this.next = `$JS.API.CONSUMER.MSG.NEXT.${consumer.stream}.${consumer.durable}`;
    this.failed = new Promise((_, reject) => (this.fail = reject));
    this.failed.catch(() => undefined);
  }

  start(): void {
    this.subscription = this.connection.subscribe(this.inbox, { callback: (_error, message) => this.hear(message) });
    this.ask();
    this.look();
  }

  /** Fulfilled when no handler runs any more. */
  async close(): Promise<void> {
    this.closed = true;
    this.cancelLook?.();
    if (!this.connection.isClosed()) this.subscription?.unsubscribe();
    await this.working;
  }

  private ask(): void {
    this.owed = BATCH;
    this.heard = performance.now();
    this.connection.publish(this.next, this.request, { reply: this.inbox });
  }

  private hear(message: Msg): void {
    if (this.closed) return;
    this.heard = performance.now();
    const status = message.reply?.startsWith('$JS.ACK.') ? 0 : (message.headers?.code ?? 0);
    if (status === 0) {
      this.owed--;
      this.queue.push(new Delivered(message, this.connection));
      if (!this.isWorking) this.working = this.work();
    } else if (status === 404 || status === 408) this.askIfDone(0);
    else if (status !== 100) this.fail(new Error(`the broker does not deliver: ${message.headers!.status}`));
  }

  private askIfDone(owed: number): void {
    this.owed = owed;
    if (owed <= 0 && this.queue.length <= LEFT && !this.closed && !this.connection.isClosed()) this.ask();
  }

  private async work(): Promise<void> {
    this.isWorking = true;
    try {
      for (let message = this.queue.shift(); message && !this.closed; message = this.queue.shift()) {
        const handling = this.handle(message);
        if (handling) await handling;
        this.askIfDone(this.owed);
      }
    } catch (error) {
      this.fail(error);
    } finally {
      this.isWorking = false;
    }
  }

  private look(): void {
    this.cancelLook = this.timers.after(HEARTBEAT, () => {
      if (this.owed > 0 && performance.now() - this.heard > SILENCE) this.fail(new Error('the broker has fallen silent'));
      else this.look();
    });
  }
}
