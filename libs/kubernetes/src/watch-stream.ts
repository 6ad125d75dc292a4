import type { IncomingMessage } from 'node:http';
import { errorOf, KubernetesError, Unreachable } from './errors';
import type { KubernetesObject } from './kubernetes-object';

export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';
  readonly object: KubernetesObject;
}

/** Longest line of a stream, in characters: an object of Kubernetes has at most about 1.5 MB. */
const MAX_LINE = 8 * 1024 * 1024;

/** The stream of one watch: a JSON document on each line. */
export class WatchStream {
  constructor(
    private readonly response: IncomingMessage,
    private readonly kind: string,
    private readonly idleMs: number,
  ) {}

  /**
   * Ends when the server ends the stream, and when it says nothing for `idleMs`: watches are known to fall silent without closing.
   * @throws Gone, Unreachable
   */
  async *events(): AsyncGenerator<WatchEvent> {
    const { response } = this;
    if (response.statusCode !== 200) throw await this.refusal();
    let silent = false as boolean;
    const idle = setTimeout(() => {
      silent = true;
      response.destroy();
    }, this.idleMs);
    response.setEncoding('utf8');
    try {
      let rest = '';
      for await (const chunk of response as AsyncIterable<string>) {
        idle.refresh();
        const lines = (rest + chunk).split('\n');
        rest = lines.pop() ?? '';
        if (rest.length > MAX_LINE)
          throw new Unreachable(`a watch of ${this.kind} sent a line of more than ${MAX_LINE} characters`);
        for (const line of lines) if (line.trim() !== '') yield parsed(line);
      }
    } catch (error) {
      if (silent) return;
      throw error instanceof KubernetesError ? error : new Unreachable(`the watch of ${this.kind} broke off`, { cause: error });
    } finally {
      clearTimeout(idle);
    }
  }

  private async refusal(): Promise<KubernetesError> {
    let body = '';
    this.response.setEncoding('utf8');
    for await (const chunk of this.response as AsyncIterable<string>) body += chunk;
    return errorOf(this.response.statusCode ?? 0, body);
  }
}

function parsed(line: string): WatchEvent {
  let event: { readonly type: string; readonly object: KubernetesObject & { readonly code?: number } };
  try {
    event = JSON.parse(line) as typeof event;
  } catch (error) {
    throw new Unreachable('a watch sent something that is no JSON', { cause: error });
  }
  if (event.type === 'ERROR') throw errorOf(event.object.code ?? 500, JSON.stringify(event.object));
  return event as WatchEvent;
}
