import { context, propagation, trace } from '@opentelemetry/api';
import type { SpanProcessor } from '@opentelemetry/sdk-trace-node';
import { setTracing } from './spans';

export interface TracingOptions {
  /** `service.name` of this process: `souk-deployment`. */
  readonly service: string;
  readonly version: string;
  /** Where spans go, OTLP over HTTP: `http://collector:4318`. Without it, and without a processor, nothing is recorded. */
  readonly endpoint?: string | undefined;
  /** Instead of the endpoint, for tests. */
  readonly processor?: SpanProcessor;
}

export interface RunningTracing {
  /** Sends what is left; at most a second or so. */
  readonly stop: () => Promise<void>;
}

/**
 * Begins to record spans, where that is configured; the SDK is loaded only then. How many traces are recorded, and other details of the
 * SDK, the standard variables say (`OTEL_TRACES_SAMPLER`, `OTEL_BSP_…`, `OTEL_EXPORTER_OTLP_HEADERS`).
 */
export async function startTracing({ service, version, endpoint, processor }: TracingOptions): Promise<RunningTracing> {
  if (endpoint === undefined && !processor) return { stop: () => Promise.resolve() };
  const { BatchSpanProcessor, NodeTracerProvider } = await import('@opentelemetry/sdk-trace-node');
  const { resourceFromAttributes } = await import('@opentelemetry/resources');
  const provider = new NodeTracerProvider({
    resource: resourceFromAttributes({ 'service.name': service, 'service.namespace': 'souk', 'service.version': version }),
    spanProcessors: [processor ?? new BatchSpanProcessor(await exporterTo(endpoint!))],
  });
  provider.register();
  setTracing(true);
  return {
    stop: async () => {
      setTracing(false);
      await provider.shutdown().catch(() => undefined);
      for (const global of [trace, context, propagation]) global.disable();
    },
  };
}

async function exporterTo(endpoint: string) {
  const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-http');
  return new OTLPTraceExporter({
    url: new URL('v1/traces', endpoint.endsWith('/') ? endpoint : `${endpoint}/`).href,
    timeoutMillis: 2_000,
  });
}
