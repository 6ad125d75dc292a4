import { setTimeout as sleep } from 'node:timers/promises';
import { TokenAuthority } from '@souk/platform';
import type { Message } from './internal-port';
import { internalPortOf, rpcMethodOf } from './internal-ports';
import type { Neighbour } from './neighbour';
import { SIGN_OF_LIFE } from './users-changed';

/** After so long without a sign of life nobody is heard any more, in milliseconds. */
const SILENCE = 4 * SIGN_OF_LIFE;
/** Between two attempts to listen. */
const PAUSE = 200;

const watchUsers = rpcMethodOf(internalPortOf(TokenAuthority), 'watchUsers');

/** Hears of users to whom something has happened, from authorization, and knows whether it would. */
export class UserWatch {
  private heardAt: number | undefined;
  private readonly stopped = new AbortController();
  private readonly running: Promise<void>;

  /**
   * @param changed called with the users
   * @param lost called when something may have been missed
   */
  constructor(
    private readonly authorization: Neighbour,
    private readonly changed: (userIds: readonly string[]) => void,
    private readonly lost: () => void,
  ) {
    this.running = this.run();
  }

  /** Whether what happens now will be heard. By the monotonic clock: also true right after this process was frozen. */
  get isLive(): boolean {
    return this.heardAt !== undefined && performance.now() - this.heardAt < SILENCE;
  }

  async stop(): Promise<void> {
    this.stopped.abort();
    await this.running;
  }

  private async run(): Promise<void> {
    const { signal } = this.stopped;
    while (!signal.aborted) {
      await this.listen(signal).catch(() => undefined);
      this.heardAt = undefined;
      this.lost();
      await sleep(PAUSE, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  /** Until the stream ends, or has been silent for too long. */
  private async listen(signal: AbortSignal): Promise<void> {
    const stream = await this.authorization.listen(watchUsers, {});
    const cancel = () => stream.cancel();
    signal.addEventListener('abort', cancel);
    if (signal.aborted) cancel();
    const silence = setTimeout(cancel, SILENCE).unref();
    try {
      for await (const message of stream as AsyncIterable<Message>) {
        silence.refresh();
        this.heardAt = performance.now();
        const userIds = message['userIds'] as readonly string[];
        if (userIds.length > 0) this.changed(userIds);
      }
    } finally {
      clearTimeout(silence);
      signal.removeEventListener('abort', cancel);
    }
  }
}
