import type { IncomingMessage } from 'node:http';
import { errorOf, KubernetesError, Unreachable } from './errors';
import type { KubernetesObject } from './kubernetes-object';

export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';
  readonly object: KubernetesObject;
}

/** Who follows a watch. */
export interface Watcher {
  /** The server has taken the watch up. */
  readonly onOpen?: () => void;
  /** Called for one after the other, as they come. */
  readonly onEvent: (event: WatchEvent) => void;
}

/** Longest line of a stream, in characters: an object of Kubernetes has at most about 1.5 MB. */
const MAX_LINE = 8 * 1024 * 1024;

/** The stream of one watch: a JSON document on each line. */
export class WatchStream {
  /** The beginning of a line whose end has not come yet. */
  private rest = '';

  constructor(
    private readonly response: IncomingMessage,
    private readonly kind: string,
    private readonly idleMs: number,
  ) {}

  /**
   * Fulfilled when the server ends the stream, and when it says nothing for `idleMs`: watches are known to fall silent without closing.
   * @throws Gone, Unreachable
   */
  async follow(onEvent: Watcher['onEvent']): Promise<void> {
    const { response } = this;
    if (response.statusCode !== 200) throw await this.refusal();
    let idle: NodeJS.Timeout | undefined;
    const end = new Promise<void>((fulfil, reject) => {
      idle = setTimeout(fulfil, this.idleMs);
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        idle?.refresh();
        try {
          this.take(chunk, onEvent);
        } catch (error) {
          response.destroy(error as Error);
        }
      });
      response.on('end', fulfil);
      response.on('error', (error) => reject(this.brokenOff(error)));
    });
    try {
      await end;
    } finally {
      clearTimeout(idle);
      response.destroy();
    }
  }

  private take(chunk: string, onEvent: Watcher['onEvent']): void {
    const lines = (this.rest + chunk).split('\n');
    this.rest = lines.pop() ?? '';
    if (this.rest.length > MAX_LINE)
      throw new Unreachable(`a watch of ${this.kind} sent a line of more than ${MAX_LINE} characters`);
    for (const line of lines) if (line.trim() !== '') onEvent(parsed(line));
  }

  private brokenOff(error: Error): KubernetesError {
    return error instanceof KubernetesError ? error : new Unreachable(`the watch of ${this.kind} broke off`, { cause: error });
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
