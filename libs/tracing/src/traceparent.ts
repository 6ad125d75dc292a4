import { type Context, context, isSpanContextValid, type SpanContext, trace } from '@opentelemetry/api';

/** Place in a trace as text: `00-<trace id>-<span id>-<flags>`, W3C Trace Context. */
export type Traceparent = string;

const pattern = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-|$)/;

/** Of the span that is active here; `undefined` where there is none. */
export function activeTraceparent(): Traceparent | undefined {
  const active = trace.getSpanContext(context.active());
  return active && isSpanContextValid(active) ? textOf(active) : undefined;
}

/** For log lines. */
export function activeTrace(): { readonly trace_id: string; readonly span_id: string } | undefined {
  const active = trace.getSpanContext(context.active());
  return active && isSpanContextValid(active) ? { trace_id: active.traceId, span_id: active.spanId } : undefined;
}

/** A context whose spans follow from there; the given one for text that is no traceparent. */
export function contextOf(base: Context, text: Traceparent): Context {
  const match = pattern.exec(text);
  if (!match) return base;
  const parent: SpanContext = {
    traceId: match[1]!,
    spanId: match[2]!,
    traceFlags: Number.parseInt(match[3]!, 16) & 1,
    isRemote: true,
  };
  return isSpanContextValid(parent) ? trace.setSpanContext(base, parent) : base;
}

function textOf({ traceId, spanId, traceFlags }: SpanContext): Traceparent {
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;
}
