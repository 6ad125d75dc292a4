export * from './spans';
export * from './start-tracing';
export * from './traceparent';
export { traced } from './traced-event-store';
