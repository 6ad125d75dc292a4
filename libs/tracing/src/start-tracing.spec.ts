import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node';
import { activeTrace, activeTraceparent, following, inSpan, isTracing, startTracing } from './index';

describe('tracing', () => {
  const closing: (() => Promise<void>)[] = [];
  afterAll(() => Promise.all(closing.map((close) => close())));

  it('is off unless configured: work runs, and nothing is active', async () => {
    const tracing = await startTracing({ service: 'souk', version: '1' });

    expect(isTracing()).toBe(false);
    expect(await inSpan('work', {}, () => Promise.resolve(activeTraceparent() ?? 'none'))).toBe('none');
    expect(activeTrace()).toBeUndefined();
    await tracing.stop();
  });

  describe('that is on', () => {
    const exporter = new InMemorySpanExporter();
    let stop: () => Promise<void>;
    beforeAll(async () => {
      ({ stop } = await startTracing({ service: 'souk', version: '1', processor: new SimpleSpanProcessor(exporter) }));
    });
    beforeEach(() => exporter.reset());
    afterAll(() => stop());

    it('goes on over a traceparent, as an event carries it', async () => {
      const carried = await inSpan('cause', {}, () => Promise.resolve(activeTraceparent()!));
      await following(carried, () => inSpan('effect', {}, () => Promise.resolve()));
      await inSpan('effect of its own', { parent: carried }, () => Promise.resolve());

      const [cause, ...effects] = exporter.getFinishedSpans();
      for (const effect of effects) expect(effect.parentSpanContext?.spanId).toBe(cause!.spanContext().spanId);
      expect(new Set(exporter.getFinishedSpans().map((span) => span.spanContext().traceId)).size).toBe(1);
    });

    it('takes text that is no traceparent for none', async () => {
      for (const parent of ['', '00-xyz', `00-${'0'.repeat(32)}-${'0'.repeat(16)}-01`])
        await inSpan('work', { parent }, () => Promise.resolve());

      expect(exporter.getFinishedSpans().map(({ parentSpanContext }) => parentSpanContext)).toEqual([
        undefined,
        undefined,
        undefined,
      ]);
    });

    it('says of an error what it is, and not what it says', async () => {
      const error = Object.assign(new Error('the password is hunter2'), { code: 'refused' });
      await expect(inSpan('work', {}, () => Promise.reject(error))).rejects.toBe(error);

      const [span] = exporter.getFinishedSpans();
      expect(span!.attributes).toEqual({ 'error.type': 'refused' });
      expect(JSON.stringify([span!.events, span!.status])).not.toContain('hunter2');
    });
  });

  it('sends spans by OTLP over HTTP, at the latest when it is stopped', async () => {
    const collector = await Collector.start();
    closing.push(() => collector.stop());
    const { stop } = await startTracing({ service: 'souk-release', version: '1.2.3', endpoint: collector.url });
    await inSpan('work', {}, () => Promise.resolve());
    await stop();

    expect(collector.received.map(({ path }) => path)).toEqual(['/v1/traces']);
    const sent = collector.received[0]!.body;
    for (const part of ['"work"', 'souk-release', '1.2.3']) expect(sent).toContain(part);
  });

  it('does not hold up a process whose collector is away', async () => {
    const { stop } = await startTracing({ service: 'souk', version: '1', endpoint: 'http://127.0.0.1:1' });
    await inSpan('work', {}, () => Promise.resolve());

    await expect(stop()).resolves.toBeUndefined();
  });
});

class Collector {
  readonly received: { readonly path: string | undefined; readonly body: string }[] = [];

  private constructor(private readonly server: Server) {
    server.on('request', (request: IncomingMessage, response) => {
      void text(request).then((body) => {
        this.received.push({ path: request.url, body });
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

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
