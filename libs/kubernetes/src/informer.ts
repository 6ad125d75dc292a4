import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { Gone, KubernetesError, Unreachable } from './errors';
import type { KubernetesObject, ListPage, Selection } from './kubernetes-object';
import type { Watcher, WatchEvent } from './watch-stream';

/** What an informer needs of a cluster. */
export interface ObjectSource {
  pages(kind: string, selection: Selection): AsyncIterable<ListPage>;
  watch(kind: string, selection: Selection, resourceVersion: string, signal: AbortSignal, watcher: Watcher): Promise<void>;
}

export interface InformerOptions {
  /** Somebody should look again: this object came, changed or went. */
  readonly onChange: (object: KubernetesObject) => void;
  /** The cluster was not reached, or refuses; called once for each failed attempt. The informer goes on by itself. */
  readonly onTrouble?: (error: KubernetesError) => void;
  /** The cluster answered with a whole list, or has taken a watch up. */
  readonly onAnswered?: () => void;
  /** What to keep of an object, where that was kept of it until now; all of it by default. */
  readonly keep?: (object: KubernetesObject, before: KubernetesObject | undefined) => KubernetesObject;
  /** Back-off after failures: first and longest pause in milliseconds. */
  readonly backOff?: { readonly first: number; readonly longest: number };
}

/** So many failures in a row, and the version that is known is not trusted any more: the cluster may be another one. */
const MAX_RESUMED = 2;
/** How long a list that is taken in keeps the process to itself, in milliseconds. */
const SLICE = 5;

/**
 * A copy of all objects of one kind, kept up to date: a list, then a watch from where the list stood, then the next watch from where that
 * one ended or broke off. A version that is too old (410) means a new list, and so does a cluster that stays away; objects that went in
 * between are noticed by comparing. Pauses after failures are random, so that many watchers do not come back at once.
 */
export class Informer {
  /** Namespace → name → object; objects without a namespace are under an empty one. */
  private readonly objects = new Map<string, Map<string, KubernetesObject>>();
  private readonly stopping = new AbortController();
  private running: Promise<void> | undefined;
  /** Where the next watch goes on; `undefined`: list first. */
  private version: string | undefined;
  /** In a row. */
  private failures = 0;
  /** Keys of what was put since the list under way began: it need not show that. */
  private putMeanwhile: Set<string> | undefined;
  private announce!: () => void;
  /** Fulfilled after the first list; for ever pending while the cluster is not reached. */
  readonly synced = new Promise<void>((fulfil) => (this.announce = fulfil));

  constructor(
    private readonly source: ObjectSource,
    private readonly kind: string,
    private readonly selection: Selection,
    private readonly options: InformerOptions,
  ) {}

  start(): this {
    this.running ??= this.run();
    return this;
  }

  /** Fulfilled when nothing runs any more. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  get(namespace: string, name: string): KubernetesObject | undefined {
    return this.objects.get(namespace)?.get(name);
  }

  inNamespace(namespace: string): Iterable<KubernetesObject> {
    return this.objects.get(namespace)?.values() ?? [];
  }

  /** Takes in what a call of ours answered, unless something newer is known. The watch will tell the same a little later. */
  put(object: KubernetesObject): void {
    const known = this.known(object);
    this.putMeanwhile?.add(keyOf(object));
    if (!known || isNewer(object, known)) this.keep(object);
  }

  private async run(): Promise<void> {
    const { first, longest } = this.options.backOff ?? { first: 200, longest: 15_000 };
    while (!this.stopping.signal.aborted) {
      try {
        if (this.version === undefined) await this.relist();
        for (;;) await this.followPatiently(first);
      } catch (error) {
        if (this.isStopping()) return;
        this.failed(error);
      }
      const pause = this.failures === 0 ? first : Math.min(longest, first * 2 ** (this.failures - 1));
      await sleep(pause * (0.5 + Math.random()), undefined, { signal: this.stopping.signal, ref: false }).catch(() => undefined);
    }
  }

  private failed(error: unknown): void {
    if (error instanceof Gone) {
      this.version = undefined;
      return;
    }
    if (++this.failures > MAX_RESUMED) this.version = undefined;
    this.options.onTrouble?.(error instanceof KubernetesError ? error : new Unreachable(String(error), { cause: error }));
  }

  private answered(): void {
    this.failures = 0;
    this.options.onAnswered?.();
  }

  private isStopping(): boolean {
    return this.stopping.signal.aborted;
  }

  /** Page by page, and each in slices: a large cluster is taken in without holding up anybody else. */
  private async relist(): Promise<void> {
    const { signal } = this.stopping;
    const put = (this.putMeanwhile = new Set());
    let seen = new Set<string>();
    let version = '';
    for await (const { items, resourceVersion, isFirst } of this.source.pages(this.kind, this.selection)) {
      if (isFirst) seen = new Set();
      version = resourceVersion;
      await inSlices(items, (item) => {
        seen.add(keyOf(item));
        this.take(item);
      });
      signal.throwIfAborted();
    }
    const isLeft = (object: KubernetesObject) => seen.has(keyOf(object)) || put.has(keyOf(object));
    await inSlices(this.objects.values(), (names) => {
      for (const object of names.values()) if (!isLeft(object)) this.forget(object);
    });
    this.putMeanwhile = undefined;
    this.version = version;
    this.announce();
    this.answered();
  }

  /** A server that ends its watches as soon as they begin is not asked again at once. */
  private async followPatiently(pause: number): Promise<void> {
    const begun = performance.now();
    await this.follow();
    if (performance.now() - begun < pause) await sleep(pause, undefined, { signal: this.stopping.signal, ref: false });
  }

  /** One watch, from the version that is known. */
  private async follow(): Promise<void> {
    const { signal } = this.stopping;
    await this.source.watch(this.kind, this.selection, this.version ?? '', signal, {
      onOpen: () => this.answered(),
      onEvent: (event) => this.heard(event),
    });
    signal.throwIfAborted();
  }

  private heard({ type, object }: WatchEvent): void {
    if (type === 'DELETED') this.forget(object);
    else if (type !== 'BOOKMARK') this.take(object);
    this.version = object.metadata.resourceVersion ?? this.version;
  }

  private take(object: KubernetesObject): void {
    const known = this.known(object);
    if (known?.metadata.resourceVersion === object.metadata.resourceVersion && known?.metadata.uid === object.metadata.uid) {
      // Known from the answer to our own call; whoever waits for it has not been told yet.
      this.options.onChange(object);
      return;
    }
    if (known && !isNewer(object, known)) return;
    this.keep(object);
    this.options.onChange(object);
  }

  private forget(object: KubernetesObject): void {
    const { namespace = '', name, uid } = object.metadata;
    // The one that went may have a successor of the same name.
    if (this.known(object)?.metadata.uid === uid) this.objects.get(namespace)?.delete(name);
    if (this.objects.get(namespace)?.size === 0) this.objects.delete(namespace);
    this.options.onChange(object);
  }

  private known({ metadata: { namespace = '', name } }: KubernetesObject): KubernetesObject | undefined {
    return this.get(namespace, name);
  }

  private keep(object: KubernetesObject): void {
    const { namespace = '', name } = object.metadata;
    const names = this.objects.get(namespace) ?? new Map<string, KubernetesObject>();
    names.set(name, this.options.keep?.(object, names.get(name)) ?? object);
    this.objects.set(namespace, names);
  }
}

async function inSlices<T>(all: Iterable<T>, take: (one: T) => void): Promise<void> {
  let end = performance.now() + SLICE;
  for (const one of all) {
    if (performance.now() >= end) {
      await nextTurn();
      end = performance.now() + SLICE;
    }
    take(one);
  }
}

const keyOf = ({ metadata: { namespace = '', name } }: KubernetesObject): string => `${namespace}/${name}`;

/** Resource versions of one kind are numbers that grow (Kubernetes 1.35 says so, and etcd always did); another uid is another object. */
function isNewer(object: KubernetesObject, known: KubernetesObject): boolean {
  if (object.metadata.uid !== known.metadata.uid) return true;
  const [a, b] = [Number(object.metadata.resourceVersion), Number(known.metadata.resourceVersion)];
  return Number.isNaN(a) || Number.isNaN(b) || a > b;
}
