import type { ServiceError } from '@grpc/grpc-js';
import type { Writable } from 'node:stream';

/** What calls that answer with a stream have in common. */
interface AnsweringCall extends Writable {
  readonly cancelled: boolean;
}

/** A stream of answers, written as fast as the client takes them. */
export class Answer<Resp> {
  private wake: (() => void) | undefined;

  /** `closed` is called when nothing more can be written. */
  constructor(
    private readonly call: AnsweringCall,
    private readonly closed?: () => void,
  ) {
    const end = (): void => this.wake?.();
    call.on('drain', end);
    call.on('cancelled', end);
    call.on('close', end);
    call.on('close', () => this.closed?.());
  }

  /** The client has gone. */
  get gone(): boolean {
    return this.call.cancelled || this.call.destroyed || this.call.writableEnded;
  }

  /** Whether the client takes more at once; otherwise wait until it is {@link ready}. One that has gone takes anything. */
  write(response: Resp): boolean {
    return this.gone || this.call.write(response);
  }

  /** Fulfilled when the client takes more, or has gone. */
  async ready(): Promise<void> {
    if (this.gone || !this.call.writableNeedDrain) return;
    await new Promise<void>((resolve) => (this.wake = resolve));
    this.wake = undefined;
  }

  /** Fulfilled when the client has gone, or when `subscribe` calls back; what it answers stops that. */
  async until(subscribe: (wake: () => void) => () => void): Promise<void> {
    if (this.gone) return;
    let stop: (() => void) | undefined;
    await new Promise<void>((resolve) => {
      this.wake = resolve;
      stop = subscribe(resolve);
    });
    stop?.();
    this.wake = undefined;
  }

  end(): void {
    if (!this.gone) this.call.end();
  }

  fail(status: Partial<ServiceError>): void {
    if (this.gone) return;
    this.call.emit('error', status);
    this.wake?.();
  }
}
