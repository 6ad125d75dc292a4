import { EventEmitter, once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';

/** A span as a process has sent it. */
export interface ReceivedSpan {
  readonly name: string;
  readonly kind: keyof typeof kinds;
  readonly traceId: string;
  readonly spanId: string;
  /** Empty where it begins a trace. */
  readonly parentSpanId: string;
  /** `service.name`, `service.version` and the like of whoever sent it. */
  readonly resource: Readonly<Record<string, string | undefined>>;
}

/** Of the protocol. */
const kinds = { internal: 1, server: 2, client: 3, producer: 4, consumer: 5 } as const;

/** The body of an OTLP/HTTP request in JSON, as far as it is looked at. */
interface ExportedTraces {
  readonly resourceSpans: readonly {
    readonly resource: {
      readonly attributes: readonly { readonly key: string; readonly value: { readonly stringValue?: string } }[];
    };
    readonly scopeSpans: readonly { readonly spans: readonly ExportedSpan[] }[];
  }[];
}
type ExportedSpan = Pick<ReceivedSpan, 'name' | 'traceId' | 'spanId'> & { readonly kind: number; readonly parentSpanId?: string };

/** Takes traces as a collector does, OTLP over HTTP in JSON, and keeps them. */
export class Collector {
  readonly spans: ReceivedSpan[] = [];
  /** Of every request. */
  readonly paths: (string | undefined)[] = [];

  private readonly arrivals = new EventEmitter();

  private constructor(private readonly server: Server) {
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      void json(request).then((body) => {
        this.paths.push(request.url);
        this.spans.push(...spansOf(body as ExportedTraces));
        this.arrivals.emit('spans');
        response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
      });
    });
  }

  static async start(): Promise<Collector> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new Collector(server);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Fulfilled when it holds, which is looked at whenever something was received; or when the time is over. */
  async until(holds: () => boolean, withinMs: number): Promise<void> {
    const over = AbortSignal.timeout(withinMs);
    while (!holds() && !over.aborted) await once(this.arrivals, 'spans', { signal: over }).catch(() => undefined);
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

function spansOf({ resourceSpans }: ExportedTraces): ReceivedSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const attributes = Object.fromEntries(resource.attributes.map(({ key, value }) => [key, value.stringValue]));
    return scopeSpans.flatMap(({ spans }) => spans.map((span) => received(span, attributes)));
  });
}

function received(
  { name, kind, traceId, spanId, parentSpanId = '' }: ExportedSpan,
  resource: ReceivedSpan['resource'],
): ReceivedSpan {
  const names = Object.keys(kinds) as (keyof typeof kinds)[];
  return { name, kind: names.find((one) => kinds[one] === kind)!, traceId, spanId, parentSpanId, resource };
}
