import { failpoint } from '@souk/failpoints';
import { type KubeObject } from '../objects/kube-object';
import { apiVersionOf, type Resource, resourceOfKind } from '../objects/resources';
import { ObjectIndex } from './object-index';
import { type StateFile } from './state-file';

export interface Change {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly resource: Resource;
  /** As it is now; of a deleted object the last state, with the resource version of the deletion. */
  readonly object: KubeObject;
  readonly previous?: KubeObject | undefined;
  readonly version: number;
}

/**
 * A controller has set a status, and nothing else is different: whatever else changes an object stores a copy. The controller whose own finding it
 * is has nothing to look at.
 */
export const isStatusAlone = ({ type, object, previous }: Change): boolean =>
  type === 'MODIFIED' && previous?.spec === object.spec;

export type ChangeListener = (change: Change) => void;

const RETRY_MS = 500;

/**
 * All objects of the cluster, in memory, and on disk behind it.
 *
 * Writes take effect at once and synchronously, so that a controller always sees its own writes; they reach the disk in
 * batches, in order. Nothing may leave the process before it is flushed: answers wait for `durable`, watches are fed by
 * `onFlushed`. So a crash takes back only what nobody has seen.
 */
export class ObjectStore {
  private readonly index = new ObjectIndex();
  private readonly records: Map<string, object>;
  private readonly changeListeners: ChangeListener[] = [];
  private readonly flushListeners: ((changes: readonly Change[]) => void)[] = [];
  private current: number;
  private flushed: number;
  private unsavedObjects = new Map<string, KubeObject | undefined>();
  private unsavedRecords = new Map<string, object | undefined>();
  private unannounced: Change[] = [];
  /** What the last flush wrote. */
  private texts = new Map<KubeObject, string>();
  private flushing: Promise<void> | undefined;
  private waiters: { version: number; resolve: () => void; reject: (error: unknown) => void }[] = [];
  private closed = false;

  constructor(
    private readonly file: StateFile,
    private readonly log: (message: string) => void,
  ) {
    const saved = file.load();
    for (const { object } of saved.objects) {
      const resource = resourceOfKind(object.apiVersion, object.kind);
      if (resource) this.index.set(resource, object);
    }
    this.records = saved.records;
    this.current = saved.version;
    this.flushed = saved.version;
  }

  /** The resource version of the last write. */
  get version(): number {
    return this.current;
  }

  /** The highest resource version that is on disk. */
  get flushedVersion(): number {
    return this.flushed;
  }

  get<T extends KubeObject>(resource: Resource<T>, namespace: string | undefined, name: string): T | undefined {
    return this.index.get(resource, namespace, name) as T | undefined;
  }

  /** All objects of a resource, of one namespace where it is given; in no particular order. */
  list<T extends KubeObject>(resource: Resource<T>, namespace?: string): T[] {
    return this.index.list(resource, namespace) as T[];
  }

  byUid(uid: string): KubeObject | undefined {
    return this.index.byUid(uid);
  }

  /** The objects that name this uid among their owners. */
  ownedBy(uid: string): readonly KubeObject[] {
    return this.index.ownedBy(uid);
  }

  /** Writes the object as it is, under the next resource version, and returns what is stored. */
  put<T extends KubeObject>(resource: Resource<T>, object: T): T {
    const previous = this.index.get(resource, object.metadata.namespace, object.metadata.name);
    const stored: T = {
      ...object,
      apiVersion: apiVersionOf(resource),
      kind: resource.kind,
      metadata: { ...object.metadata, resourceVersion: String(++this.current) },
    };
    this.index.set(resource, stored);
    this.unsavedObjects.set(storageKey(resource, stored), stored);
    this.announce({ type: previous ? 'MODIFIED' : 'ADDED', resource, object: stored, previous, version: this.current });
    return stored;
  }

  /** Removes the object at once, whatever its finalizers say. */
  remove<T extends KubeObject>(resource: Resource<T>, { metadata }: KubeObject): T | undefined {
    const previous = this.get(resource, metadata.namespace, metadata.name);
    if (!previous) return undefined;
    const last: T = { ...previous, metadata: { ...previous.metadata, resourceVersion: String(++this.current) } };
    this.index.delete(resource, previous);
    this.unsavedObjects.set(storageKey(resource, previous), undefined);
    this.announce({ type: 'DELETED', resource, object: last, previous, version: this.current });
    return last;
  }

  /** The JSON of an object: that on the disk, where it has just come there. */
  textOf(object: KubeObject): string {
    return this.texts.get(object) ?? JSON.stringify(object);
  }

  /** A private record of a controller, kept with the objects and flushed with them, but not part of the API. */
  record<T extends object>(key: string): T | undefined {
    return this.records.get(key) as T | undefined;
  }

  setRecord(key: string, record: object | undefined): void {
    if (record) this.records.set(key, record);
    else if (!this.records.delete(key)) return;
    this.unsavedRecords.set(key, record);
    this.startFlush();
  }

  recordKeys(): IterableIterator<string> {
    return this.records.keys();
  }

  /** Called synchronously with each write. A listener must not write; it may enqueue. */
  onChange(listener: ChangeListener): void {
    this.changeListeners.push(listener);
  }

  /** Called with the changes, in order, when they are on disk. */
  onFlushed(listener: (changes: readonly Change[]) => void): void {
    this.flushListeners.push(listener);
  }

  /** Fulfilled when everything up to this version is flushed; rejected when a flush fails (it is tried again nevertheless). */
  durable(version = this.current): Promise<void> {
    if (version <= this.flushed) return Promise.resolve();
    return new Promise((resolve, reject) => this.waiters.push({ version, resolve, reject }));
  }

  /** Waits for what is unsaved and closes the file. No writes afterwards. */
  async close(): Promise<void> {
    this.closed = true;
    await this.flushing;
    await this.flush();
    await this.file.close();
  }

  private announce(change: Change): void {
    this.unannounced.push(change);
    for (const listener of this.changeListeners) listener(change);
    this.startFlush();
  }

  private startFlush(): void {
    if (this.flushing || this.closed) return;
    this.flushing = turn().then(() => this.flushUntilClean());
  }

  private async flushUntilClean(): Promise<void> {
    while (this.unsavedObjects.size > 0 || this.unsavedRecords.size > 0) {
      // Not at once: what this turn of the event loop still writes, and the controllers in answer to it, goes into the same flush.
      await turn();
      if (await this.flush()) continue;
      if (this.closed) break;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS).unref());
    }
    this.flushing = undefined;
  }

  private async flush(): Promise<boolean> {
    const batch = { objects: this.unsavedObjects, records: this.unsavedRecords, version: this.current };
    if (batch.objects.size === 0 && batch.records.size === 0) return true;
    const changes = this.unannounced;
    this.unsavedObjects = new Map();
    this.unsavedRecords = new Map();
    this.unannounced = [];
    try {
      failpoint('cluster-sim.before-write');
      await this.file.save({ ...batch, objects: this.written(batch.objects) });
    } catch (error) {
      this.takeBack(batch, changes);
      this.log(`flush failed, trying again: ${String(error)}`);
      for (const waiter of this.waiters.splice(0)) waiter.reject(error);
      return false;
    }
    failpoint('cluster-sim.after-write');
    this.flushed = batch.version;
    for (const listener of this.flushListeners) listener(changes);
    const due = this.waiters.filter(({ version }) => version <= this.flushed);
    this.waiters = this.waiters.filter(({ version }) => version > this.flushed);
    for (const { resolve } of due) resolve();
    return true;
  }

  private written(objects: ReadonlyMap<string, KubeObject | undefined>): Map<string, string | undefined> {
    this.texts = new Map();
    const written = new Map<string, string | undefined>();
    for (const [key, object] of objects) {
      const text = object && JSON.stringify(object);
      written.set(key, text);
      if (object) this.texts.set(object, text!);
    }
    return written;
  }

  /** Puts a batch that could not be saved back under what was written since. */
  private takeBack(
    batch: { objects: Map<string, KubeObject | undefined>; records: Map<string, object | undefined> },
    changes: Change[],
  ): void {
    this.unsavedObjects = new Map([...batch.objects, ...this.unsavedObjects]);
    this.unsavedRecords = new Map([...batch.records, ...this.unsavedRecords]);
    this.unannounced = [...changes, ...this.unannounced];
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const storageKey = (resource: Resource, { metadata }: KubeObject): string =>
  `${resource.group}/${resource.plural}/${metadata.namespace ?? ''}/${metadata.name}`;
