import { InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node';
import { type RunningTracing, startTracing } from '@souk/tracing';
import { TestMarketplace } from '../testing/marketplace.harness';
import { Story } from '../testing/story';

describe('traces', () => {
  const exporter = new InMemorySpanExporter();
  let tracing: RunningTracing;
  let market: TestMarketplace;

  beforeAll(async () => {
    tracing = await startTracing({ service: 'souk', version: '0.0.0-test', processor: new SimpleSpanProcessor(exporter) });
    market = await TestMarketplace.start();
  });

  afterAll(async () => {
    await market.stop();
    await tracing.stop();
  });

  it('are one for one purchase: from the billing event over store and bus to the calls to the cluster', async () => {
    const story = await Story.begin(market.operator, market.url);
    const { appId, versionId } = await story.publish();
    const order = await story.order(appId, versionId, 'traced');
    exporter.reset();

    expect((await story.bill('paid', 'order-traced', 1, order)).status).toBeLessThan(300);
    const [instance] = await story.buyer
      .until('/v1/instances', ({ items }) => items[0]?.status === 'running')
      .then(({ items }) => items);

    const spans = exporter.getFinishedSpans();
    const root = spans.find(({ name }) => name.startsWith('POST /v1/billing-sources/'))!;
    const trace = spans.filter((span) => traceOf(span) === traceOf(root));
    expect(root.attributes['http.response.status_code']).toBe(202);
    expect(trace.map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        'append purchase',
        'process commerce.purchase-paid.v1',
        'append instance',
        'append credential',
        'append operation',
        'reconcile',
        'PATCH namespaces',
        'PATCH deployments',
        'PATCH jobs',
      ]),
    );
    const elsewhere = spans.filter((span) => span.attributes['souk.instance'] === instance.instanceId && !trace.includes(span));
    expect(elsewhere).toEqual([]);
    expect(trace.filter((span) => span !== root && !parentOf(span, trace))).toEqual([]);
  });

  it('hold names, ids and counts, and nothing that was sent or is secret', () => {
    const text = JSON.stringify(
      exporter.getFinishedSpans().map(({ name, attributes, events }) => ({ name, attributes, events })),
    );
    for (const secret of [market.operator.token!, 'Bearer', 'whsec_', 'password']) expect(text).not.toContain(secret);
  });

  it('go on where the caller says, by its traceparent', async () => {
    const traceId = 'c0ffee00c0ffee00c0ffee00c0ffee00';
    await market.operator.get('/v1/tenants', { traceparent: `00-${traceId}-00f067aa0ba902b7-01` });

    const span = exporter.getFinishedSpans().find((one) => traceOf(one) === traceId)!;
    expect(span.name).toBe('GET /v1/tenants');
    expect(span.parentSpanContext?.spanId).toBe('00f067aa0ba902b7');
  });
});

function traceOf(span: ReadableSpan): string {
  return span.spanContext().traceId;
}

function parentOf(span: ReadableSpan, among: readonly ReadableSpan[]): ReadableSpan | undefined {
  return among.find((one) => one.spanContext().spanId === span.parentSpanContext?.spanId);
}
