import { setTimeout as sleep } from 'node:timers/promises';
import type { KubernetesEndpoint } from './endpoint';
import { errorOf, NotFound, Throttled, Unreachable } from './errors';
import { type Answer, type Request, Transport } from './transport';
import type { KubernetesObject, ObjectName, Selection } from './kubernetes-object';
import { pathOf, resourceOf } from './resources';
import { TokenBucket } from './token-bucket';
import { type InformerOptions, Informer } from './informer';
import { type WatchEvent, WatchStream } from './watch-stream';

export interface ClusterOptions {
  /** Calls to this cluster per second, on average and at once. */
  readonly callsPerSecond: number;
  readonly burst: number;
  /** For one call, in milliseconds. */
  readonly timeoutMs: number;
  /** A watch that says nothing for this long, not even a bookmark, is taken for dead. */
  readonly watchIdleMs: number;
}

export const defaultClusterOptions: ClusterOptions = { callsPerSecond: 100, burst: 200, timeoutMs: 15_000, watchIdleMs: 45_000 };

/** Who we are among those who write to an object: fields of others are left alone. */
const FIELD_MANAGER = 'souk';
/** How often a call that is told to slow down is made again. */
const MAX_THROTTLED = 4;
const MAX_RETRY_AFTER_MS = 30_000;
const PAGE = 500;

export interface ListResult {
  readonly items: readonly KubernetesObject[];
  readonly resourceVersion: string;
}

/**
 * One cluster, by its Kubernetes API. All calls share one rate limit; a "Retry-After" holds all of them back. Every method throws a
 * KubernetesError: NotFound, Conflict, Unprocessable (in Kubernetes' words), AccessDenied, Gone, Throttled, Refused or Unreachable.
 * Nothing is connected before the first call, and the endpoint is asked for again after the cluster was not reached.
 */
export class KubernetesCluster {
  private readonly options: ClusterOptions;
  private readonly bucket: TokenBucket;
  private transport: Promise<Transport> | undefined;
  private readonly closing = new AbortController();

  constructor(
    private readonly endpoint: () => Promise<KubernetesEndpoint>,
    options: Partial<ClusterOptions> = {},
  ) {
    this.options = { ...defaultClusterOptions, ...options };
    this.bucket = new TokenBucket(this.options.callsPerSecond, this.options.burst);
  }

  /**
   * Server-side apply: makes the object be as it is said here, and leaves fields of other managers alone. Repeating it changes nothing.
   * Answers the object as it stands.
   */
  async apply(object: KubernetesObject): Promise<KubernetesObject> {
    const { namespace, name } = object.metadata;
    const path = `${pathOf(resourceOf(object.kind), namespace, name)}?fieldManager=${FIELD_MANAGER}&force=true`;
    const body = JSON.stringify(object);
    return this.json(await this.call({ method: 'PATCH', path, body, contentType: 'application/apply-patch+yaml' }));
  }

  async get(name: Omit<ObjectName, 'apiVersion'>): Promise<KubernetesObject> {
    return this.json(await this.call({ method: 'GET', path: pathOf(resourceOf(name.kind), name.namespace, name.name) }));
  }

  /** Everything of a kind, page by page. */
  async list(kind: string, selection: Selection = {}): Promise<ListResult> {
    const { apiVersion } = resourceOf(kind);
    const items: KubernetesObject[] = [];
    let page = '';
    for (;;) {
      const query = queryOf({ labelSelector: selection.labelSelector, limit: String(PAGE), continue: page });
      const answer = await this.call({ method: 'GET', path: `${pathOf(resourceOf(kind), selection.namespace)}${query}` });
      const list = JSON.parse(answer.body) as ListBody;
      // Items of a list do not say their kind.
      items.push(...(list.items ?? []).map((item) => ({ ...item, apiVersion, kind })));
      page = list.metadata?.continue ?? '';
      if (page === '') return { items, resourceVersion: list.metadata?.resourceVersion ?? '' };
    }
  }

  /**
   * Deletes in the background, dependents included.
   * @param precondition the object is deleted only if it still is the one with this uid (else Conflict)
   */
  async delete(name: Omit<ObjectName, 'apiVersion'>, precondition: { readonly uid?: string } = {}): Promise<void> {
    const { uid } = precondition;
    const body = JSON.stringify({
      apiVersion: 'v1',
      kind: 'DeleteOptions',
      propagationPolicy: 'Background',
      ...(uid !== undefined && { preconditions: { uid } }),
    });
    await this.call({ method: 'DELETE', path: pathOf(resourceOf(name.kind), name.namespace, name.name), body });
  }

  /** Whether the object is there. */
  async exists(name: Omit<ObjectName, 'apiVersion'>): Promise<boolean> {
    try {
      await this.get(name);
      return true;
    } catch (error) {
      if (error instanceof NotFound) return false;
      throw error;
    }
  }

  /** All objects of a kind as they come and go: see {@link Informer}. Not started. */
  informer(kind: string, selection: Selection, options: InformerOptions): Informer {
    return new Informer(this, kind, selection, options);
  }

  /**
   * Changes after a resourceVersion, until the server ends the stream, it falls silent, or the signal says stop.
   * @throws Gone when that version is too old; Unreachable
   */
  async *watch(kind: string, selection: Selection, resourceVersion: string, signal: AbortSignal): AsyncGenerator<WatchEvent> {
    await this.bucket.take();
    const query = queryOf({
      watch: 'true',
      allowWatchBookmarks: 'true',
      labelSelector: selection.labelSelector,
      resourceVersion,
      timeoutSeconds: String(240 + Math.floor(Math.random() * 60)),
    });
    const path = `${pathOf(resourceOf(kind), selection.namespace)}${query}`;
    const transport = await this.connected();
    const stop = new AbortController();
    const response = await this.reached(() =>
      transport.stream({ method: 'GET', path, signal: AbortSignal.any([signal, stop.signal, this.closing.signal]) }),
    );
    try {
      yield* new WatchStream(response, kind, this.options.watchIdleMs).events();
    } finally {
      stop.abort();
    }
  }

  /** For good: running calls fail, and later ones too. */
  close(): void {
    this.closing.abort();
    const { transport } = this;
    this.transport = undefined;
    void transport?.then(
      (open) => open.close(),
      () => undefined,
    );
  }

  private async call(request: Request): Promise<Answer> {
    for (let attempt = 0; ; attempt++) {
      await this.bucket.take();
      const transport = await this.connected();
      const answer = await this.reached(() => transport.send({ ...request, signal: this.closing.signal }));
      if (answer.status < 300) return answer;
      const error = errorOf(answer.status, answer.body);
      if (!(error instanceof Throttled) || attempt >= MAX_THROTTLED) throw error;
      const wait = retryAfterMs(answer.headers['retry-after']);
      this.bucket.pause(wait);
      await sleep(wait, undefined, { ref: false, signal: this.closing.signal }).catch(() => undefined);
    }
  }

  private async connected(): Promise<Transport> {
    if (this.closing.signal.aborted) throw new Unreachable('the client was closed');
    this.transport ??= this.endpoint().then((endpoint) => new Transport(endpoint, this.options.timeoutMs));
    const opening = this.transport;
    try {
      return await opening;
    } catch (error) {
      if (this.transport === opening) this.transport = undefined;
      throw error instanceof Unreachable ? error : new Unreachable((error as Error).message, { cause: error });
    }
  }

  /** After a failure the endpoint is asked for anew: a cluster may come back elsewhere. */
  private async reached<T>(send: () => Promise<T>): Promise<T> {
    const { transport } = this;
    try {
      return await send();
    } catch (error) {
      if (error instanceof Unreachable && this.transport === transport) this.transport = undefined;
      throw error;
    }
  }

  private json(answer: Answer): KubernetesObject {
    return JSON.parse(answer.body) as KubernetesObject;
  }
}

interface ListBody {
  readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string };
  readonly items?: readonly KubernetesObject[];
}

function queryOf(parameters: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries(parameters).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== '',
  );
  return given.length === 0 ? '' : `?${new URLSearchParams(given).toString()}`;
}

/** Seconds or an HTTP date; a second where the server does not say. */
function retryAfterMs(header: string | undefined): number {
  if (header === undefined) return 1000;
  const seconds = Number(header);
  const ms = Number.isNaN(seconds) ? Date.parse(header) - Date.now() : seconds * 1000;
  return Math.min(MAX_RETRY_AFTER_MS, Math.max(0, Number.isNaN(ms) ? 1000 : ms));
}
