import { Injectable, Logger, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { EventStore, type Position, PositionGone, type RecordedEvent, type Subscription } from '@souk/event-sourcing';
import { credentialAggregate } from '../domain/credential.decide';
import type { CredentialEvent } from '../domain/credential.events';
import { userAggregate } from '../domain/user.decide';

/** To whom something has happened. */
export interface IdentityNews {
  readonly userIds: readonly string[];
  readonly appKeys: readonly string[];
}

export interface IdentityListener {
  changed(news: IdentityNews): void;
  /** From now on, until `isTelling` again, nothing is told as it happens: what is told then may be late. */
  unsure(): void;
}

const USERS = `${userAggregate.category}-`;
const CREDENTIALS = `${credentialAggregate.category}-`;

const FIRST_RETRY_MS = 50;
const LAST_RETRY_MS = 1_000;

/**
 * Tells of what happens to users and credentials as it happens, from the events themselves: whether anybody folds the read models, how far those
 * are, and which process has written the event, does not matter. Law: an event that is recorded while it `isTelling` is told, once, without
 * asking; one that is recorded while it is not, is told later.
 */
@Injectable()
export class IdentityWatch implements OnModuleInit, OnModuleDestroy {
  private readonly logger = new Logger('identity-watch');
  private readonly listeners = new Set<IdentityListener>();
  private subscription: Subscription | undefined;
  private at: Position | undefined;
  private retry: NodeJS.Timeout | undefined;
  private telling = false;
  private closed = false;

  constructor(private readonly store: EventStore) {}

  get isTelling(): boolean {
    return this.telling;
  }

  listen(listener: IdentityListener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  async onModuleInit(): Promise<void> {
    await this.begin(0);
  }

  async onModuleDestroy(): Promise<void> {
    this.closed = true;
    clearTimeout(this.retry);
    this.become(false);
    await this.subscription?.close();
  }

  /** After what was told; the first time, at the end of the store: nobody knows anything yet. */
  private async begin(failures: number): Promise<void> {
    try {
      const head = await this.store.head();
      if (this.closed) return;
      this.at ??= head;
      this.subscription = this.store.subscribe(
        { after: this.at, filter: { streamPrefixes: [USERS, CREDENTIALS] } },
        {
          onEvents: (events) => this.tell(events),
          onCheckpoint: (position) => {
            this.at = position;
          },
          onEnd: (error) => this.beginAgain(error, 0),
        },
      );
      this.become(true);
    } catch (error) {
      this.beginAgain(error, failures);
    }
  }

  private beginAgain(error: unknown, failures: number): void {
    if (this.closed) return;
    this.become(false);
    // Another store: who is asked from now on is asked of that one.
    if (error instanceof PositionGone) this.at = undefined;
    this.logger.warn({ err: error }, 'what happens to users and credentials is not told; it is tried again');
    const pause = Math.min(FIRST_RETRY_MS * 2 ** failures, LAST_RETRY_MS);
    this.retry = setTimeout(() => void this.begin(failures + 1), pause).unref();
  }

  private tell(events: readonly RecordedEvent[]): void {
    const userIds = new Set<string>();
    const appKeys = new Set<string>();
    for (const { stream, data } of events)
      if (stream.startsWith(USERS)) userIds.add(stream.slice(USERS.length));
      else appKeys.add((data as CredentialEvent['data']).appKey);
    for (const listener of this.listeners) listener.changed({ userIds: [...userIds], appKeys: [...appKeys] });
    this.at = events.at(-1)!.position;
  }

  private become(telling: boolean): void {
    if (this.telling === telling) return;
    this.telling = telling;
    if (!telling) for (const listener of this.listeners) listener.unsure();
  }
}
