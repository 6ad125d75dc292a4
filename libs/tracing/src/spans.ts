import {
  type Attributes,
  context,
  type Context,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import { contextOf, type Traceparent } from './traceparent';

export { SpanKind };

export interface SpanOptions {
  readonly kind?: SpanKind;
  /** No secrets, and nothing personal: names, ids, counts. */
  readonly attributes?: Attributes;
  /** What it follows from, where that came from elsewhere: another process, or an event. Default: the span that is active here. */
  readonly parent?: Traceparent | undefined;
}

let enabled = false;

/** Whether spans are recorded in this process. Where not, nothing here costs more than asking. */
export function isTracing(): boolean {
  return enabled;
}

/** By whoever registers a tracer provider. */
export function setTracing(on: boolean): void {
  enabled = on;
}

/**
 * Runs `work` in a span of its own. Of what it throws, name and code are recorded, never the message: it may quote what somebody sent.
 */
export async function inSpan<T>(name: string, options: SpanOptions, work: () => Promise<T>): Promise<T> {
  if (!enabled) return work();
  const span = startSpan(name, options);
  try {
    return await context.with(trace.setSpan(parentContext(options.parent), span), work);
  } catch (error) {
    failed(span, error);
    throw error;
  } finally {
    span.end();
  }
}

/** A span that the caller ends. */
export function startSpan(name: string, { kind = SpanKind.INTERNAL, attributes = {}, parent }: SpanOptions): Span {
  return trace.getTracer('souk').startSpan(name, { kind, attributes }, parentContext(parent));
}

/** Runs `work` so that its spans follow from `parent`, without a span of its own. */
export function following<T>(parent: Traceparent | undefined, work: () => T): T {
  if (!enabled || parent === undefined) return work();
  return context.with(parentContext(parent), work);
}

/** Runs `work` with this span as the active one. */
export function withSpan<T>(span: Span, work: () => T): T {
  return context.with(trace.setSpan(context.active(), span), work);
}

/** Marks a span as failed. @param error what was thrown, or a short text that says of which type the error is */
export function failed(span: Span, error: unknown): void {
  span.setStatus({ code: SpanStatusCode.ERROR });
  span.setAttribute('error.type', errorType(error));
}

function parentContext(parent: Traceparent | undefined): Context {
  return parent === undefined ? context.active() : contextOf(ROOT_CONTEXT, parent);
}

function errorType(error: unknown): string {
  if (typeof error === 'string') return error;
  if (!(error instanceof Error)) return typeof error;
  const { code } = error as { readonly code?: unknown };
  return typeof code === 'string' ? code : error.name;
}
