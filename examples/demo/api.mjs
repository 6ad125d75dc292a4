// A client as any marketplace frontend would write it: plain HTTP, one bearer token, and the API's conventions.
import { randomUUID } from 'node:crypto';

export class Api {
  /** Where a reader must have got to in order to see what was written before. */
  #position;

  constructor(url, token) {
    this.url = url;
    this.token = token;
  }

  async get(path) {
    const separator = path.includes('?') ? '&' : '?';
    return this.send('GET', this.#position ? `${path}${separator}atLeast=${this.#position}` : path);
  }

  async post(path, body = {}, headers = {}) {
    return this.send('POST', path, body, { 'idempotency-key': randomUUID(), ...headers });
  }

  async put(path, body, headers = {}) {
    return this.send('PUT', path, body, headers);
  }

  async delete(path) {
    return this.send('DELETE', path);
  }

  /** The answer's body; an answer that is no success is an error, unless its status is asked for by {@link refused}. */
  async send(method, path, body, headers = {}) {
    const { status, headers: answered, json, text } = await this.exchange(method, path, body, headers);
    if (status >= 400) throw Object.assign(new Error(`${method} ${path} → ${status} ${text}`), { status });
    this.#position = answered.get('x-event-position') ?? this.#position;
    return json;
  }

  /** The problem details of a request that must be refused. */
  async refused(method, path, body) {
    const { status, json, text } = await this.exchange(method, path, body, {});
    if (status < 400) throw new Error(`${method} ${path} should have been refused, and answered ${status} ${text}`);
    return json;
  }

  async exchange(method, path, body, headers) {
    const response = await fetch(this.url + path, {
      method,
      headers: {
        ...(this.token && { authorization: `Bearer ${this.token}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson =
      /json/.test(response.headers.get('content-type') ?? '') && !/ndjson/.test(response.headers.get('content-type') ?? '');
    return { status: response.status, headers: response.headers, text, json: isJson && text ? JSON.parse(text) : undefined };
  }

  /** Server-sent events, one by one, until the stream ends. */
  async *events(path) {
    const response = await fetch(this.url + path, {
      headers: { authorization: `Bearer ${this.token}`, accept: 'text/event-stream' },
    });
    if (!response.ok) throw new Error(`GET ${path} → ${response.status} ${await response.text()}`);
    let buffer = '';
    for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
      buffer += chunk;
      for (let end = buffer.indexOf('\n\n'); end >= 0; end = buffer.indexOf('\n\n')) {
        const lines = buffer.slice(0, end).split('\n');
        buffer = buffer.slice(end + 2);
        const field = (name) => lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
        const type = field('event');
        if (type && type !== 'heartbeat') yield { id: field('id'), type, data: JSON.parse(field('data') ?? 'null') };
      }
    }
  }

  /** Asks again until the answer holds; gives up after that many milliseconds. */
  async until(path, holds, within = 30_000) {
    for (const end = Date.now() + within; ;) {
      const answer = await this.get(path).catch((error) => {
        // What was written a moment ago may not be there to read yet.
        if (error.status === 404) return undefined;
        throw error;
      });
      if (answer !== undefined && holds(answer)) return answer;
      if (Date.now() > end)
        throw new Error(`GET ${path} did not come to what was waited for: ${JSON.stringify(answer, null, 2)}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
