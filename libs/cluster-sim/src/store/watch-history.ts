import { expired } from '../objects/api-error';
import { type Resource } from '../objects/resources';
import { type Change, type ChangeListener, type ObjectStore } from './object-store';

/**
 * The flushed changes of late, in a ring, and whoever waits for more. A watch that asks for changes older than the ring
 * gets 410 and lists anew, as with a real API server; so it does after a restart, unless it had seen everything.
 */
export class WatchHistory {
  private readonly ring: (Change | undefined)[];
  private next = 0;
  /** Everything after this version is in the ring. */
  private oldest: number;
  private readonly watchers = new Map<Resource, Set<ChangeListener>>();

  constructor(
    private readonly store: ObjectStore,
    capacity: number,
  ) {
    this.ring = new Array<Change | undefined>(capacity);
    this.oldest = store.flushedVersion;
    store.onFlushed((changes) => {
      for (const change of changes) this.append(change);
    });
  }

  /** The changes of this resource after `version`. @throws ApiError 410 when they are no longer all there */
  since(resource: Resource, version: number): Change[] {
    if (version < this.oldest) throw expired(version, this.oldest);
    const found: Change[] = [];
    for (let offset = 0; offset < this.ring.length; offset++) {
      const change = this.ring[(this.next + offset) % this.ring.length];
      if (change?.resource === resource && change.version > version) found.push(change);
    }
    return found;
  }

  get latest(): number {
    return this.store.flushedVersion;
  }

  /** @returns ends the subscription */
  subscribe(resource: Resource, listener: ChangeListener): () => void {
    const listeners = this.watchers.get(resource) ?? new Set();
    this.watchers.set(resource, listeners);
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
    };
  }

  private append(change: Change): void {
    const dropped = this.ring[this.next];
    if (dropped) this.oldest = dropped.version;
    this.ring[this.next] = change;
    this.next = (this.next + 1) % this.ring.length;
    for (const listener of this.watchers.get(change.resource) ?? []) listener(change);
  }
}
