import { setTimeout as delay } from 'node:timers/promises';
import type { KubeObject } from '../src/objects/kube-object';

export interface Answer {
  readonly status: number;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- bodies are what a test asserts on, not what it is typed by
  readonly body: any;
}

export interface WatchEvent {
  readonly type: string;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- as above
  readonly object: any;
}

/** A simulated cluster over plain HTTP. */
export class SimClient {
  constructor(
    readonly url: string,
    readonly token: string,
  ) {}

  get(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.send('GET', path, undefined, headers);
  }
  post(path: string, body: unknown): Promise<Answer> {
    return this.send('POST', path, body);
  }
  put(path: string, body: unknown): Promise<Answer> {
    return this.send('PUT', path, body);
  }
  delete(path: string, body?: unknown): Promise<Answer> {
    return this.send('DELETE', path, body);
  }
  patch(path: string, body: unknown, type: 'merge' | 'strategic-merge' | 'json' = 'merge'): Promise<Answer> {
    return this.send('PATCH', path, body, { 'content-type': `application/${type}-patch+json` });
  }
  apply(path: string, body: unknown, manager = 'souk', force = false): Promise<Answer> {
    const separator = path.includes('?') ? '&' : '?';
    return this.send('PATCH', `${path}${separator}fieldManager=${manager}${force ? '&force=true' : ''}`, body, {
      'content-type': 'application/apply-patch+yaml',
    });
  }

  async send(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    const response = await fetch(this.url + path, {
      method,
      headers: {
        authorization: `Bearer ${this.token}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = (response.headers.get('content-type') ?? '').includes('json');
    return { status: response.status, body: isJson ? JSON.parse(text) : text };
  }

  /** Looks until `holds`; what is waited for is a fact, not a time. Answers the body. */
  async until(path: string, holds: (body: Answer['body']) => boolean, withinMs = 8000): Promise<Answer['body']> {
    let last: Answer | undefined;
    const end = Date.now() + withinMs;
    while (Date.now() < end) {
      try {
        last = await this.get(path);
        if (holds(last.body)) return last.body;
      } catch {
        // Not there yet, or the connection was one from before a restart.
      }
      await delay(10);
    }
    throw new Error(`${path} did not become as expected within ${withinMs} ms; last: ${JSON.stringify(last?.body)}`);
  }

  /** The events of a watch, until `enough` of what has come, or the watch ends. */
  async watch(path: string, enough: (events: WatchEvent[]) => boolean, started?: () => Promise<unknown>): Promise<WatchEvent[]> {
    const events: WatchEvent[] = [];
    const abort = new AbortController();
    const response = await fetch(`${this.url}${path}${path.includes('?') ? '&' : '?'}watch=true`, {
      headers: { authorization: `Bearer ${this.token}` },
      signal: AbortSignal.any([abort.signal, AbortSignal.timeout(10_000)]),
    });
    const decoder = new TextDecoder();
    let text = '';
    const begun = started?.();
    for await (const chunk of response.body!) {
      text += decoder.decode(chunk as Uint8Array, { stream: true });
      const lines = text.split('\n');
      text = lines.pop()!;
      events.push(...lines.filter((line) => line !== '').map((line) => JSON.parse(line) as WatchEvent));
      if (enough(events)) break;
    }
    abort.abort();
    await begun;
    return events;
  }
}

/** A Deployment of one container, as a client would write it. */
export const deployment = (name: string, image: string, spec: Record<string, unknown> = {}, container: object = {}): object => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name },
  spec: {
    replicas: 1,
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'main', image, ...container }] } },
    ...spec,
  },
});

export const job = (name: string, image: string, spec: Record<string, unknown> = {}): object => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { name },
  spec: { backoffLimit: 0, template: { spec: { restartPolicy: 'Never', containers: [{ name: 'main', image }] } }, ...spec },
});

/** The names of the objects of a list. */
export const namesOf = (list: { items: KubeObject[] }): string[] => list.items.map(({ metadata }) => metadata.name);
