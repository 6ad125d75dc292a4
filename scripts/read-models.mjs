// The read models of a running marketplace, by its API.
import { randomUUID } from 'node:crypto';

/** Nobody answers there. */
export class NotReachable extends Error {
  constructor(url, cause) {
    super(`no marketplace answers on ${url} (${cause}); is it running? SOUK_URL says where`, { cause });
  }
}

/** The marketplace has said no. */
export class Problem extends Error {
  constructor(status, detail) {
    super(status === 401 ? `${detail}; SOUK_TOKEN holds none` : detail);
    this.status = status;
  }
}

/** Times that progress is asked for again when the connection got lost, and the pause before. */
const ATTEMPTS = 5;
const PAUSE_MS = 1_000;

/** "This replica does not keep it": another one does, or will when the lease of one that died has run out. */
const MISDIRECTED = 421;
const TAKEOVER_ATTEMPTS = 20;

export class ReadModels {
  constructor(url, token) {
    this.url = url;
    this.token = token;
  }

  async list() {
    return (await (await this.#send('GET', '')).json()).items;
  }

  /** Where replicas are about to agree on who keeps the read model, it asks again until one does. */
  async rebuild(name) {
    const key = randomUUID();
    for (let attempt = 1; ; attempt++) {
      try {
        return void (await this.#send('POST', `/${encodeURIComponent(name)}/rebuild`, { 'idempotency-key': key }));
      } catch (error) {
        if (error.status !== MISDIRECTED || attempt === TAKEOVER_ATTEMPTS) throw error;
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      }
    }
  }

  /** How the rebuild stands, again and again until it is over. */
  async *progress(name) {
    let lastId;
    for (let attempt = 1; ; attempt++) {
      try {
        for await (const { id, type, data } of this.#events(name, lastId)) {
          if (type === 'heartbeat') continue;
          lastId = id ?? lastId;
          attempt = 1;
          yield data;
          if (data.endedAt !== undefined) return;
        }
        throw new Error('the connection was closed before the rebuild was over');
      } catch (error) {
        // Another process may have come up meanwhile, which knows of no rebuild: that is an answer.
        if (error instanceof Problem || attempt === ATTEMPTS) throw error;
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      }
    }
  }

  /** Server-sent events (WHATWG HTML, 9.2), one by one, until the stream ends. */
  async *#events(name, lastId) {
    const headers = { accept: 'text/event-stream', ...(lastId && { 'last-event-id': lastId }) };
    const response = await this.#send('GET', `/${encodeURIComponent(name)}/events`, headers);
    let buffer = '';
    for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
      buffer += chunk;
      for (let end = buffer.indexOf('\n\n'); end >= 0; end = buffer.indexOf('\n\n')) {
        const lines = buffer.slice(0, end).split('\n');
        buffer = buffer.slice(end + 2);
        const field = (key) => lines.find((line) => line.startsWith(`${key}: `))?.slice(key.length + 2);
        const type = field('event');
        if (type) yield { id: field('id'), type, data: JSON.parse(field('data') ?? 'null') };
      }
    }
  }

  async #send(method, path, headers = {}) {
    const response = await fetch(`${this.url}/v1/read-models${path}`, {
      method,
      headers: { authorization: `Bearer ${this.token}`, ...headers },
    }).catch((error) => {
      throw new NotReachable(this.url, error.cause?.code ?? error.message);
    });
    if (response.ok) return response;
    const text = await response.text();
    throw new Problem(response.status, detailOf(text) ?? `${method} ${response.url} answers ${response.status}`);
  }
}

function detailOf(text) {
  try {
    return JSON.parse(text).detail;
  } catch {
    return undefined;
  }
}
