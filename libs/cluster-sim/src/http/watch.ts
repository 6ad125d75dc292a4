import { type ServerResponse } from 'node:http';
import { failpoint } from '@souk/failpoints';
import { type Fault } from '../faults/fault-rule';
import { ApiError, expired } from '../objects/api-error';
import { type KubeObject } from '../objects/kube-object';
import { apiVersionOf, type Resource } from '../objects/resources';
import { type Matcher } from '../objects/selector';
import { type Change } from '../store/object-store';
import { type WatchHistory } from '../store/watch-history';

export interface WatchRequest {
  readonly resource: Resource;
  readonly namespace: string | undefined;
  readonly matches: Matcher;
  /** Changes after this version; `undefined` or 0: begin with what there is. */
  readonly since: number | undefined;
  /** Begin with what there is and say, by a bookmark, where that ends (`sendInitialEvents`). */
  readonly initialEvents: boolean;
  readonly bookmarks: boolean;
  readonly timeoutMs: number;
  /** Tables have no bookmarks. */
  readonly asTable: boolean;
  /** The object as the client wants it, itself or as a table: its JSON. */
  readonly present: (object: KubeObject) => string;
}

/** What can befall a watch that has begun. */
export type StreamFault = Extract<Fault, { type: 'stall' | 'gone' | 'closed' | 'reset' }>;

export const isOfStreams = (fault: Fault): fault is StreamFault =>
  ['stall', 'gone', 'closed'].includes(fault.type) || (fault.type === 'reset' && fault.afterBytes === undefined);

const BOOKMARK_EVERY_MS = 60_000;
/** A client that leaves this much unread is too slow; it may come back with the version it has seen. */
const MAX_UNREAD_BYTES = 16 * 1024 * 1024;

/** One watch: lines of JSON until the client goes, the time is over or the server stops. */
export class Watch {
  private unsubscribe: (() => void) | undefined;
  private readonly timers: NodeJS.Timeout[] = [];
  private lastVersion = 0;
  private ended = false;
  private headed = false;
  private fault: StreamFault | undefined;
  private eventsLeft = 0;
  private stalled = false;

  constructor(
    private readonly request: WatchRequest,
    private readonly history: WatchHistory,
    private readonly response: ServerResponse,
    private readonly onEnd: (watch: Watch) => void,
  ) {}

  /** `initial` are the objects as of the flushed version `asOf`; they are sent only where the request asks for them. */
  start(initial: readonly KubeObject[], asOf: number): void {
    const { request, response } = this;
    response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-cache, private' });
    response.on('close', () => this.end());
    response.flushHeaders();
    this.headed = true;
    if (this.fault && this.eventsLeft === 0) this.strike(this.fault);
    const fromNow = request.initialEvents || !request.since;
    try {
      if (fromNow) this.sendInitial(initial, asOf);
      this.lastVersion = Math.max(this.lastVersion, fromNow ? asOf : request.since);
      for (const change of this.history.since(request.resource, this.lastVersion)) this.forward(change);
    } catch (error) {
      // As a real API server: past the headers an error is an event.
      if (!(error instanceof ApiError)) throw error;
      this.send('ERROR', JSON.stringify(error.body));
      this.end();
      return;
    }
    if (this.ended) return;
    this.unsubscribe = this.history.subscribe(request.resource, (change) => this.forward(change));
    this.timers.push(setTimeout(() => this.expire(), Math.min(request.timeoutMs, 2 ** 31 - 1)));
    if (request.bookmarks) this.timers.push(setInterval(() => this.bookmark(this.history.latest), BOOKMARK_EVERY_MS));
  }

  /** Goes wrong after the events that the fault allows: at once, or, before it has started, when it does. */
  suffer(fault: StreamFault): void {
    this.fault = fault;
    this.eventsLeft = fault.afterEvents ?? 0;
    if (this.headed && this.eventsLeft === 0) this.strike(fault);
  }

  end(): void {
    if (this.ended) return;
    this.ended = true;
    this.unsubscribe?.();
    for (const timer of this.timers) clearTimeout(timer);
    this.response.end();
    this.onEnd(this);
  }

  private sendInitial(objects: readonly KubeObject[], asOf: number): void {
    for (const object of objects) this.send('ADDED', this.request.present(object));
    if (this.request.initialEvents && this.request.bookmarks) {
      this.bookmark(asOf, { 'k8s.io/initial-events-end': 'true' });
    }
  }

  /** An object that begins to match appears, one that ceases to match disappears. */
  private forward({ type, object, previous, version }: Change): void {
    if (version <= this.lastVersion || this.ended) return;
    this.lastVersion = version;
    const { namespace, matches, present } = this.request;
    if (namespace !== undefined && object.metadata.namespace !== namespace) return;
    const matched = previous !== undefined && matches(previous);
    const matching = type !== 'DELETED' && matches(object);
    if (matching) this.send(matched ? 'MODIFIED' : 'ADDED', present(object));
    else if (matched) this.send('DELETED', present(type === 'DELETED' ? object : lastSeen(previous, object)));
  }

  private bookmark(version: number, annotations?: Record<string, string>): void {
    const { resource, asTable } = this.request;
    if (asTable) return;
    const mark = {
      kind: resource.kind,
      apiVersion: apiVersionOf(resource),
      metadata: { resourceVersion: String(version), creationTimestamp: null, ...(annotations ? { annotations } : {}) },
    };
    this.send('BOOKMARK', JSON.stringify(mark));
  }

  private strike(fault: StreamFault): void {
    this.fault = undefined;
    if (this.ended) return;
    if (fault.type === 'stall') {
      this.stalled = true;
      return;
    }
    if (fault.type === 'gone') this.send('ERROR', JSON.stringify(expired(this.lastVersion, this.history.latest).body));
    if (fault.type === 'reset') this.response.socket?.resetAndDestroy();
    this.end();
  }

  private expire(): void {
    if (this.stalled) return;
    if (this.request.bookmarks) this.bookmark(this.history.latest);
    this.end();
  }

  /** @param object JSON */
  private send(type: string, object: string): void {
    if (this.ended || this.stalled) return;
    failpoint('cluster-sim.before-watch-event');
    this.response.write(`{"type":"${type}","object":${object}}\n`);
    if (this.response.writableLength > MAX_UNREAD_BYTES) this.response.destroy();
    if (this.fault && type !== 'BOOKMARK' && --this.eventsLeft <= 0) this.strike(this.fault);
  }
}

/** As the client knew it, under the version of the change that took it out of sight. */
const lastSeen = (previous: KubeObject, now: KubeObject): KubeObject => ({
  ...previous,
  metadata: { ...previous.metadata, resourceVersion: now.metadata.resourceVersion },
});
