import { InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node';
import { Collector } from '../testing';
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

    expect(collector.paths).toEqual(['/v1/traces']);
    const resource = { 'service.name': 'souk-release', 'service.version': '1.2.3' };
    expect(collector.spans).toEqual([expect.objectContaining({ name: 'work', resource: expect.objectContaining(resource) })]);
  });

  it('does not hold up a process whose collector is away', async () => {
    const { stop } = await startTracing({ service: 'souk', version: '1', endpoint: 'http://127.0.0.1:1' });
    await inSpan('work', {}, () => Promise.resolve());

    await expect(stop()).resolves.toBeUndefined();
  });
});
