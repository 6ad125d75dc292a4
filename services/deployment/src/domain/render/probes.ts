import type { HealthCheck, ResolvedProcess } from '@souk/topology';

/** Seconds between two questions, where the node does not say. */
const DEFAULT_PERIOD = 10;
/** Answers in a row that say no before it counts. */
const DEFAULT_THRESHOLD = 3;
/** A process gets this long to start before a failed liveness check counts. */
const START_UP_SECONDS = 300;

/**
 * Readiness as the node's `readinessCheck` asks, else as its health check; liveness as its health check, once the process has been
 * alive for the first time. A health check that does not say how it asks asks TCP on the first port (F30).
 */
export function probesOf({ healthCheck = {}, readinessCheck, ports }: ResolvedProcess): object {
  const first = ports.find((port) => port.protocol === 'TCP');
  const alive = handlerOf(healthCheck) ?? (first && { tcpSocket: { port: first.internal } });
  const ready = (readinessCheck && handlerOf(readinessCheck)) ?? alive;
  const probes: Record<string, object> = {};
  if (alive) probes['startupProbe'] = Object.assign({}, alive, delayOf(healthCheck), startTimingOf(healthCheck));
  if (ready)
    probes['readinessProbe'] = Object.assign(
      {},
      ready,
      readinessCheck && delayOf(readinessCheck),
      timingOf(readinessCheck ?? healthCheck),
    );
  if (alive) probes['livenessProbe'] = Object.assign({}, alive, timingOf(healthCheck));
  return probes;
}

function startTimingOf({ periodSeconds = DEFAULT_PERIOD, timeoutSeconds }: HealthCheck): object {
  const period = Math.min(periodSeconds, 5);
  return {
    periodSeconds: period,
    ...(timeoutSeconds !== undefined && { timeoutSeconds }),
    failureThreshold: Math.ceil(START_UP_SECONDS / period),
  };
}

function timingOf({ periodSeconds = DEFAULT_PERIOD, timeoutSeconds, failureThreshold = DEFAULT_THRESHOLD }: HealthCheck): object {
  return { periodSeconds, ...(timeoutSeconds !== undefined && { timeoutSeconds }), failureThreshold };
}

function delayOf({ initialDelaySeconds }: HealthCheck): object {
  return initialDelaySeconds === undefined ? {} : { initialDelaySeconds };
}

function handlerOf({ http, tcp, command }: HealthCheck): object | undefined {
  if (http) return { httpGet: { path: http.path, port: http.port } };
  if (tcp) return { tcpSocket: { port: tcp.port } };
  return command && { exec: { command } };
}
