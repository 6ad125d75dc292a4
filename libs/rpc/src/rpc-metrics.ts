import { status } from '@grpc/grpc-js';
import type { Metrics } from '@souk/platform';
import { Histogram } from 'prom-client';

/** Called once for every call that has ended. */
export type ObserveCall = (service: string, method: string, code: status, seconds: number) => void;

const shape = { labelNames: ['service', 'method', 'code'] as const, buckets: [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10] };

function observer({ registry }: Metrics, name: string, help: string): ObserveCall {
  const histogram = new Histogram({ ...shape, name, help, registers: [registry] });
  return (service, method, code, seconds) => histogram.observe({ service, method, code: status[code] }, seconds);
}

export const serverCalls = (metrics: Metrics): ObserveCall =>
  observer(metrics, 'souk_rpc_server_seconds', 'Duration of calls of other services, by gRPC service');

export const clientCalls = (metrics: Metrics): ObserveCall =>
  observer(
    metrics,
    'souk_rpc_client_seconds',
    'Duration of calls to other services, retries included, by the service that was asked',
  );
