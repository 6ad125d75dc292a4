import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { inSpan, isTracing, SpanKind, type SpanOptions } from '@souk/tracing';
import type { KubernetesEndpoint } from './endpoint';
import { errorOf, Gone, Interrupted, KubernetesError, NotFound, Unreachable } from './errors';
import { type Answer, type Request, Transport } from './transport';
import type { KubernetesObject, ListPage, ListResult, ObjectName, Selection } from './kubernetes-object';
import { pathOf, resourceOf } from './resources';
import { again, retryAfterMs } from './retry';
import { TokenBucket } from './token-bucket';
import { type InformerOptions, Informer } from './informer';
import { type Watcher, WatchStream } from './watch-stream';

export interface ClusterOptions {
  /** Calls to this cluster per second, on average and at once. */
  readonly callsPerSecond: number;
  readonly burst: number;
  /** For one call, in milliseconds. */
  readonly timeoutMs: number;
  /** A watch that says nothing for this long, and does not end, is taken for dead. */
  readonly watchIdleMs: number;
}

export const defaultClusterOptions: ClusterOptions = { callsPerSecond: 100, burst: 200, timeoutMs: 15_000, watchIdleMs: 45_000 };

/** Who we are among those who write to an object: fields of others are left alone. */
const FIELD_MANAGER = 'souk';
/** Objects on the first page of a list, and on a later one at most. */
const FIRST_PAGE = 200;
const LARGEST_PAGE = 500;
/** About how long a later page is, in characters: it is parsed in one go, and nothing else is done meanwhile. */
const PAGE_LENGTH = 1_000_000;
const LEAST_WATCH_SECONDS = 30;
/** How often a list begins again whose later pages the server no longer has. */
const MAX_LISTS = 3;
/** So many connections in a row that broke off, and the cluster is taken for away: calls are not repeated until it answers again. */
const MAX_BROKEN_OFF = 3;

/**
 * Called at the last moment before a call that changes something, and before each repetition, which may come seconds later: what it throws
 * is thrown, and nothing is sent.
 */
export type BeforeSending = () => void;

export interface LogOptions {
  readonly container: string;
  /** So many lines at the end; all of them without it. */
  readonly tailLines?: number;
  /** Goes on with what is printed from now on. */
  readonly follow?: boolean;
  /** Of the container before it was started again. */
  readonly previous?: boolean;
}

/** One kind of call, in the words of Kubernetes' own rules of access. */
export interface Access {
  readonly verb: string;
  /** Of the API: `apps`; empty for the core. */
  readonly group: string;
  /** Plural; a part of it after a slash: `pods/log`. */
  readonly resource: string;
}

/** What a cluster says of itself. */
export interface ServerVersion {
  readonly major: string;
  readonly minor: string;
  readonly gitVersion: string;
}

/**
 * One cluster, by its Kubernetes API. All calls share one rate limit; a "Retry-After" holds all of them back. Every method throws a
 * KubernetesError: NotFound, Conflict, Unprocessable (in Kubernetes' words), AccessDenied, Gone, Throttled, Refused or Unreachable; what a
 * second try may mend is tried again first, see {@link again}.
 * Nothing is connected before the first call, and the endpoint is asked for again after the cluster was not reached.
 */
export class KubernetesCluster {
  private readonly options: ClusterOptions;
  private readonly bucket: TokenBucket;
  private transport: Promise<Transport> | undefined;
  private readonly closing = new AbortController();
  /** How to make calls fail, over this connection and earlier ones. */
  private readonly underWay = new Set<(error: Unreachable) => void>();
  /** In a row. */
  private brokenOff = 0;

  constructor(
    private readonly endpoint: () => Promise<KubernetesEndpoint>,
    options: Partial<ClusterOptions> = {},
  ) {
    this.options = { ...defaultClusterOptions, ...options };
    this.bucket = new TokenBucket(this.options.callsPerSecond, this.options.burst);
    // Every call that waits listens; there is no limit to these.
    setMaxListeners(0, this.closing.signal);
  }

  /**
   * Server-side apply: makes the object be as it is said here, and leaves fields of other managers alone. Repeating it changes nothing.
   * Answers the object as it stands. With `metadata.uid` and `resourceVersion` it changes only the object that was seen (else Conflict).
   */
  async apply(object: KubernetesObject, beforeSending?: BeforeSending): Promise<KubernetesObject> {
    const { namespace, name } = object.metadata;
    const path = `${pathOf(resourceOf(object.kind), namespace, name)}?fieldManager=${FIELD_MANAGER}&force=true`;
    const body = JSON.stringify(object);
    const { uid, resourceVersion } = object.metadata;
    const unconditional = uid === undefined && resourceVersion === undefined;
    return this.json(
      await this.call({ method: 'PATCH', path, body, contentType: 'application/apply-patch+yaml' }, unconditional, beforeSending),
    );
  }

  async get(name: Omit<ObjectName, 'apiVersion'>): Promise<KubernetesObject> {
    return this.json(await this.call({ method: 'GET', path: pathOf(resourceOf(name.kind), name.namespace, name.name) }));
  }

  /** Everything of a kind at once: for what is known to be little. */
  async list(kind: string, selection: Selection = {}): Promise<ListResult> {
    let list: ListResult = { items: [], resourceVersion: '' };
    for await (const { items, resourceVersion, isFirst } of this.pages(kind, selection))
      list = isFirst ? { items, resourceVersion } : { ...list, items: [...list.items, ...items] };
    return list;
  }

  /** Everything of a kind, page by page, each by namespace and name. No page is asked for before the one before was dealt with. */
  async *pages(kind: string, selection: Selection = {}): AsyncGenerator<ListPage> {
    let begun = 1;
    let next: string | undefined;
    let limit = FIRST_PAGE;
    let resourceVersion = '';
    do {
      const isFirst = next === undefined;
      try {
        const { body, length } = await this.page(kind, selection, limit, next);
        const { items = [], metadata: { continue: rest = '', resourceVersion: version = '' } = {} } = body;
        if (isFirst) resourceVersion = version;
        yield { items: items.map((item) => ({ ...item, ...typeOf(kind) })), resourceVersion, isFirst };
        next = rest;
        if (items.length > 0) limit = Math.min(LARGEST_PAGE, Math.ceil((PAGE_LENGTH * items.length) / length));
      } catch (error) {
        if (!(error instanceof Gone) || begun++ >= MAX_LISTS) throw error;
        next = undefined;
      }
    } while (next !== '');
  }

  /**
   * Deletes in the background, dependents included. Done as well where an earlier try, whose answer was lost, has done it.
   * @param precondition the object is deleted only if it still is the one with this uid (else Conflict)
   */
  async delete(
    name: Omit<ObjectName, 'apiVersion'>,
    precondition: { readonly uid?: string } = {},
    beforeSending?: BeforeSending,
  ): Promise<void> {
    const { uid } = precondition;
    const body = JSON.stringify({
      apiVersion: 'v1',
      kind: 'DeleteOptions',
      propagationPolicy: 'Background',
      ...(uid !== undefined && { preconditions: { uid } }),
    });
    const path = pathOf(resourceOf(name.kind), name.namespace, name.name);
    await this.call({ method: 'DELETE', path, body }, false, beforeSending);
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

  /** Which Kubernetes it is. */
  async version(): Promise<ServerVersion> {
    const answer = await this.call({ method: 'GET', path: '/version' });
    const { major = '', minor = '', gitVersion = '' } = JSON.parse(answer.body) as Partial<ServerVersion>;
    return { major, minor, gitVersion };
  }

  /** Whether the credentials allow this in all namespaces, by the word of the cluster itself. */
  async allows({ verb, group, resource: path }: Access): Promise<boolean> {
    const [resource, subresource] = path.split('/');
    const resourceAttributes = { verb, group, resource, ...(subresource !== undefined && { subresource }) };
    const review = { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview', spec: { resourceAttributes } };
    const answer = await this.call({
      method: 'POST',
      path: '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
      body: JSON.stringify(review),
    });
    return (JSON.parse(answer.body) as { status?: { allowed?: boolean } }).status?.allowed === true;
  }

  /** All objects of a kind as they come and go: see {@link Informer}. Not started. */
  informer(kind: string, selection: Selection, options: InformerOptions): Informer {
    return new Informer(this, kind, selection, options);
  }

  /**
   * Changes after a resourceVersion, until the server ends the stream, it falls silent, or the signal says stop.
   * @throws Gone when that version is too old; Unreachable
   */
  async watch(
    kind: string,
    selection: Selection,
    resourceVersion: string,
    signal: AbortSignal,
    { onOpen, onEvent }: Watcher,
  ): Promise<void> {
    // There is one of each kind, taken up again twice a minute: of a low rate they would take most.
    await this.bucket.unpaused();
    const query = queryOf({
      watch: 'true',
      allowWatchBookmarks: 'true',
      labelSelector: selection.labelSelector,
      resourceVersion,
      timeoutSeconds: String(this.watchSeconds()),
    });
    const path = `${pathOf(resourceOf(kind), selection.namespace)}${query}`;
    const transport = await this.connected();
    const stops = AbortSignal.any([signal, this.closing.signal]);
    const response = await this.reached(() => transport.stream({ method: 'GET', path }, stops));
    const retryAfter = response.headers['retry-after'];
    if (response.statusCode === 200) onOpen?.();
    else if (retryAfter !== undefined) this.bucket.pause(retryAfterMs(retryAfter));
    await new WatchStream(response, kind, this.options.watchIdleMs).follow(onEvent);
  }

  /**
   * What a container prints, as bytes come, and no faster than they are read; until it ends, or the signal says stop.
   * @throws NotFound, Refused (Kubernetes' words: no such container, it waits to start) and others, before the first byte
   */
  async log(
    { namespace, name }: { readonly namespace: string; readonly name: string },
    { container, tailLines, follow = false, previous = false }: LogOptions,
    signal: AbortSignal,
  ): Promise<AsyncIterable<Buffer>> {
    await this.bucket.take();
    const query = queryOf({
      container,
      tailLines: tailLines === undefined ? undefined : String(tailLines),
      follow: String(follow),
      previous: String(previous),
    });
    const path = `${pathOf(resourceOf('Pod'), namespace, name)}/log${query}`;
    const transport = await this.connected();
    const stops = AbortSignal.any([signal, this.closing.signal]);
    const response = await this.reached(() => transport.stream({ method: 'GET', path, accept: '*/*' }, stops));
    if (response.statusCode === 200) return response;
    throw errorOf(response.statusCode ?? 0, await textOf(response));
  }

  /** The endpoint is asked for anew before the next call: it may have other credentials. Calls that are under way go on. */
  renew(): void {
    const { transport } = this;
    this.transport = undefined;
    void transport?.then(
      (open) => open.retire(),
      () => undefined,
    );
  }

  /** For good: running calls fail, and later ones too. */
  close(): void {
    this.closing.abort();
    for (const fail of this.underWay) fail(new Unreachable('the client was closed'));
    const { transport } = this;
    this.transport = undefined;
    void transport?.then(
      (open) => open.close(),
      () => undefined,
    );
  }

  /**
   * How long the server keeps a watch. It marks the version where a watch ends, and otherwise once a minute only: one that ends before it would be
   * taken for dead costs nobody a list, and need not be quiet for minutes until it is missed. Not all end at the same moment.
   */
  private watchSeconds(): number {
    return Math.max(LEAST_WATCH_SECONDS, Math.floor((this.options.watchIdleMs / 1000) * (0.7 + Math.random() * 0.2)));
  }

  private async page(kind: string, { namespace, labelSelector }: Selection, limit: number, next = '') {
    const query = queryOf({ labelSelector, limit: String(limit), continue: next });
    const { body } = await this.call({ method: 'GET', path: `${pathOf(resourceOf(kind), namespace)}${query}` });
    return { body: JSON.parse(body) as ListBody, length: body.length };
  }

  private async call(request: Request, unconditional = false, beforeSending?: BeforeSending): Promise<Answer> {
    let lost = false;
    for (let attempt = 0; ; attempt++) {
      const outcome = await this.attempt(request, beforeSending);
      if (!outcome.error) return outcome.answer;
      const { answer, error } = outcome;
      if (answer && lost && request.method === 'DELETE' && error instanceof NotFound) return answer;
      const retry = again({ error, retryAfter: answer?.retryAfter, attempt, unconditional });
      if (!retry || this.brokenOff > MAX_BROKEN_OFF) throw error;
      lost ||= error instanceof Interrupted;
      if (retry.everybody) this.bucket.pause(retry.afterMs);
      await sleep(retry.afterMs, undefined, { ref: false, signal: this.closing.signal }).catch(() => undefined);
    }
  }

  private async attempt(request: Request, beforeSending: BeforeSending = () => undefined): Promise<Attempt> {
    await this.bucket.take();
    const transport = await this.connected();
    // Until here nobody could have made it fail.
    this.assertOpen();
    beforeSending();
    try {
      const send = () => this.reached(() => transport.send(request));
      const answer = await (isTracing() ? inSpan(spanName(request), spanOptions(request), send) : send());
      if (answer.status < 300) return { answer };
      // Credentials that are taken no more may have been replaced meanwhile.
      if (answer.status === 401) this.renew();
      return { answer, error: errorOf(answer.status, answer.body) };
    } catch (error) {
      if (error instanceof KubernetesError) return { error };
      throw error;
    }
  }

  private async connected(): Promise<Transport> {
    this.assertOpen();
    this.transport ??= this.endpoint().then((endpoint) => new Transport(endpoint, this.options.timeoutMs, this.underWay));
    const opening = this.transport;
    try {
      return await opening;
    } catch (error) {
      if (this.transport === opening) this.transport = undefined;
      throw error instanceof Unreachable ? error : new Unreachable((error as Error).message, { cause: error });
    }
  }

  private assertOpen(): void {
    if (this.closing.signal.aborted) throw new Unreachable('the client was closed');
  }

  /** After a failure the endpoint is asked for anew: a cluster may come back elsewhere. */
  private async reached<T>(send: () => Promise<T>): Promise<T> {
    const { transport } = this;
    try {
      const answer = await send();
      this.brokenOff = 0;
      return answer;
    } catch (error) {
      this.brokenOff++;
      if (error instanceof Unreachable && this.transport === transport) this.renew();
      throw error;
    }
  }

  private json(answer: Answer): KubernetesObject {
    return JSON.parse(answer.body) as KubernetesObject;
  }
}

/** Longest refusal that is read, in bytes. */
const MAX_REFUSAL = 64 * 1024;

async function textOf(response: AsyncIterable<unknown>): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > MAX_REFUSAL) break;
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** An answer, an error, or both where the answer is a refusal. */
type Attempt =
  { readonly answer: Answer; readonly error?: undefined } | { readonly answer?: Answer; readonly error: KubernetesError };

interface ListBody {
  readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string };
  readonly items?: readonly KubernetesObject[];
}

/** Items of a list do not say what they are. */
const typeOf = (kind: string) => ({ apiVersion: resourceOf(kind).apiVersion, kind });

/** `PATCH deployments` */
function spanName({ method, path }: Request): string {
  return `${method} ${resourceIn(path)}`;
}

function spanOptions({ method, path }: Request): SpanOptions {
  const attributes = { 'http.request.method': method, 'url.path': path.split('?', 1)[0]!, 'k8s.resource': resourceIn(path) };
  return { kind: SpanKind.CLIENT, attributes };
}

/** `/apis/apps/v1/namespaces/<name>/deployments/<name>` → `deployments` */
function resourceIn(path: string): string {
  const parts = path.split('?', 1)[0]!.split('/').slice(1);
  const rest = parts.slice(parts[0] === 'api' ? 2 : 3);
  return (rest[0] === 'namespaces' && rest[2] !== undefined ? rest[2] : rest[0]) ?? path;
}

function queryOf(parameters: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries(parameters).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== '',
  );
  return given.length === 0 ? '' : `?${new URLSearchParams(given).toString()}`;
}
