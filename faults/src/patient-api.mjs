import { randomUUID } from 'node:crypto';
import { Api } from '../../examples/demo/api.mjs';

/** Between two attempts, in milliseconds. */
const PAUSE = 30;
/** Answers that mean "later", of whoever stands between as well. */
const LATER = [502, 503, 504, 507];

/** As the client of a frontend that does not give up: what got no answer, or "later", is asked again, under the same Idempotency-Key. */
export class PatientApi extends Api {
  /**
   * @param patience shared by many clients: `{ over: boolean }`, set when nobody is to wait any longer; `retries` counts. `acknowledged`, where there
   * is one, takes the position of everything that was said to be done
   */
  constructor(url, token, patience) {
    super(url, token);
    this.patience = patience;
  }

  put(path, body, headers = {}) {
    return super.put(path, body, { 'idempotency-key': randomUUID(), ...headers });
  }

  /** @param headers or what makes them anew for each attempt, where they hold for a time only */
  async exchange(method, path, body, headers) {
    for (;;) {
      try {
        const answer = await super.exchange(method, path, body, typeof headers === 'function' ? headers() : headers);
        const position = answer.headers.get('x-event-position');
        this.seen = position ?? this.seen;
        if (position && method !== 'GET' && answer.status < 400) this.patience.acknowledged?.add(position);
        if (!LATER.includes(answer.status)) return answer;
      } catch (error) {
        if (!(error instanceof TypeError)) throw error;
      }
      if (this.patience.over) throw new Error(`${method} ${path}: no answer any more`);
      this.patience.retries++;
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
    }
  }

  /** Like `until` of the demo, but as long as there is patience; what is not there yet may come. */
  async until(path, holds, withinMs = 60_000) {
    for (const end = Date.now() + withinMs; ;) {
      const atLeast = this.seen ? `${path.includes('?') ? '&' : '?'}atLeast=${this.seen}` : '';
      const { status, json, text } = await this.exchange('GET', path + atLeast, undefined, {});
      if (status < 400 && holds(json)) return json;
      if ((status >= 400 && status !== 404) || Date.now() > end || this.patience.over)
        throw new Error(`GET ${path} did not come to what was waited for: ${status} ${text.slice(0, 2000)}`);
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
    }
  }
}
