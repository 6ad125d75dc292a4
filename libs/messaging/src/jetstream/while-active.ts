import { type CollectionWriter, ReadStore } from '@souk/read-store';
import type { ConsumerGroup } from '../event-bus.port';

/** Whether this process is the one that works, of all replicas of a service. */
export interface BusActivity {
  /** Asked before each effect. */
  held(): boolean;
  /** It is held now, or not any more. @returns ends that */
  changes(listener: () => void): () => void;
}

/** The one process that there is. */
export const alwaysActive: BusActivity = { held: () => true, changes: () => () => undefined };

/** Somebody else works now. Says nothing about the message. */
class NotActive extends Error {
  readonly code = 'not-active';
  readonly retryable = true;
  constructor() {
    super('another process has taken over');
    this.name = new.target.name;
  }
}

/** A process that has stood still, and was taken over, must not put old checkpoints over newer ones. */
export class ValuesWhileActive extends ReadStore {
  override readonly shared: boolean;

  constructor(
    private readonly store: ReadStore,
    private readonly activity: BusActivity,
  ) {
    super();
    this.shared = store.shared;
  }

  override open(): CollectionWriter<never> {
    throw new Error('the bus keeps values only');
  }

  override getValue(key: string): Promise<unknown> {
    return this.store.getValue(key);
  }

  override async putValues(values: Readonly<Record<string, unknown>>): Promise<void> {
    if (!this.activity.held()) throw new NotActive();
    await this.store.putValues(values);
  }

  override claim(key: string, ttlMs: number): Promise<boolean> {
    return this.store.claim(key, ttlMs);
  }
}

/** The same group, whose handlers begin nothing once another process has taken over. */
export function whileActive({ name, handlers }: ConsumerGroup, activity: BusActivity): ConsumerGroup {
  const guarded = [...handlers].map(([type, all]) => [
    type,
    all.map((handler) => (event: Parameters<typeof handler>[0]) => {
      if (!activity.held()) return Promise.reject(new NotActive());
      return handler(event);
    }),
  ]);
  return { name, handlers: new Map(guarded as [string, typeof handlers extends ReadonlyMap<string, infer T> ? T : never][]) };
}
