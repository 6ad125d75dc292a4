import { randomUUID } from 'node:crypto';
import type { Msg, NatsConnection, Subscription } from 'nats';
import { Signal } from '../signal';
import type { Timers } from '../timers';

/** What the broker does not acknowledge within this time it has not taken. */
const PATIENCE_MS = 5_000;

export interface PublishWindowOptions<Tag> {
  /** Messages on their way, at most. */
  readonly size: number;
  readonly timers: Timers;
  /** Acknowledged, and so is everything that was sent before. */
  readonly onTaken: (tag: Tag) => void;
}

interface Sent<Tag> {
  readonly tag: Tag;
  readonly at: number;
  taken: boolean;
}

/**
 * Sends messages to the stream one after the other without waiting for each to be acknowledged. The first one that is refused or
 * not acknowledged in time ends the window: those behind it may or may not be in the stream.
 */
export class PublishWindow<Tag> {
  /** Rejected when the window has failed; never fulfilled. */
  readonly failed: Promise<never>;
  private fail!: (error: Error) => void;
  private readonly inbox = `_INBOX.${randomUUID()}`;
  private readonly answers: Subscription;
  private readonly changed = new Signal();
  private readonly sent: Sent<Tag>[] = [];
  /** Number of the first one in `sent`, and how many of its beginning are gone already. */
  private first = 0;
  private gone = 0;
  private state: 'open' | 'over' = 'open';
  private cancelLook: (() => void) | undefined;
  /** Of the stream; the last one that was acknowledged. */
  private sequence = 0;

  constructor(
    private readonly connection: NatsConnection,
    private readonly options: PublishWindowOptions<Tag>,
  ) {
    this.failed = new Promise((_, reject) => {
      this.fail = (error) => {
        this.end();
        reject(error);
      };
    });
    // Whoever waits hears of it; nobody has to.
    this.failed.catch(() => undefined);
    this.answers = connection.subscribe(`${this.inbox}.*`, { callback: (_error, message) => this.answered(message) });
    this.look();
  }

  get isFull(): boolean {
    return this.size >= this.options.size;
  }

  get isOver(): boolean {
    return this.state === 'over';
  }

  get lastSequence(): number {
    return this.sequence;
  }

  /** The first one that is not acknowledged. */
  get oldest(): Tag | undefined {
    return this.sent[this.gone]?.tag;
  }

  /** @param headers as they go over the wire: the driver's own are built from pairs, and cost more than the rest of a message */
  publish(subject: string, body: Uint8Array, headers: Uint8Array, tag: Tag): void {
    const number = this.first + this.sent.length;
    this.sent.push({ tag, at: performance.now(), taken: false });
    this.connection.publish(subject, body, { reply: `${this.inbox}.${number}`, headers: new EncodedHeaders(headers) as never });
  }

  /** Fulfilled when there is room, or the window is over. */
  room(): Promise<void> {
    return this.changed.until(() => this.state === 'over' || !this.isFull);
  }

  /** Fulfilled when everything is acknowledged, or the window is over. */
  drained(): Promise<void> {
    return this.changed.until(() => this.state === 'over' || this.size === 0);
  }

  close(): void {
    this.end();
  }

  private get size(): number {
    return this.sent.length - this.gone;
  }

  private answered(message: Msg): void {
    if (this.state === 'over') return;
    const sequence = sequenceOf(message.string());
    if (sequence === undefined) {
      this.fail(refusalOf(message));
      return;
    }
    this.sequence = Math.max(this.sequence, sequence);
    const number = Number(message.subject.slice(this.inbox.length + 1));
    const entry = this.sent[number - this.first];
    if (!entry) return;
    entry.taken = true;
    this.takeOff();
  }

  private takeOff(): void {
    const before = this.gone;
    for (let next = this.sent[this.gone]; next?.taken; next = this.sent[this.gone]) {
      this.gone++;
      this.options.onTaken(next.tag);
    }
    if (this.gone === before) return;
    if (this.gone >= this.options.size) {
      this.sent.splice(0, this.gone);
      this.first += this.gone;
      this.gone = 0;
    }
    this.changed.notify();
  }

  private look(): void {
    this.cancelLook = this.options.timers.after(PATIENCE_MS / 2, () => {
      const oldest = this.sent[this.gone];
      if (oldest && performance.now() - oldest.at > PATIENCE_MS)
        this.fail(new Error(`the broker has not acknowledged a message within ${PATIENCE_MS} ms`));
      else this.look();
    });
  }

  private end(): void {
    if (this.state === 'over') return;
    this.state = 'over';
    this.cancelLook?.();
    if (!this.connection.isClosed()) this.answers.unsubscribe();
    this.changed.notify();
  }
}

/** Its place in the stream; `undefined` where it was refused. A refusal names the stream and a sequence as well: 0, which no message has. */
function sequenceOf(answer: string): number | undefined {
  if (/"error":/.test(answer)) return undefined;
  return Number(/"seq":\s*(\d+)/.exec(answer)?.[1]) || undefined;
}

/** Why it was not taken: nobody listens for the stream, or what the stream says. */
function refusalOf(message: Msg): Error {
  const status = message.headers?.status;
  if (status) return new Error(`the broker has not taken a message: ${status}`);
  return new Error(
    `the broker has refused a message: ${/"description":\s*"([^"]*)"/.exec(message.string())?.[1] ?? 'no reason given'}`,
  );
}

/** All that the driver asks of headers that it sends. */
class EncodedHeaders {
  constructor(private readonly bytes: Uint8Array) {}

  encode(): Uint8Array {
    return this.bytes;
  }
}
