import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Upstreams } from './upstream/upstreams';

/** Prometheus metrics of the edge. */
export class EdgeMetrics {
  readonly registry = new Registry();
  private readonly requests = new Histogram({
    name: 'souk_edge_request_duration_seconds',
    help: 'Duration of requests, by the service that answered',
    labelNames: ['service', 'method', 'status'],
    buckets: [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10],
    registers: [this.registry],
  });
  private readonly retries = new Counter({
    name: 'souk_edge_retries_total',
    help: 'Attempts after which another replica was asked, and why',
    labelNames: ['service', 'reason'],
    registers: [this.registry],
  });

  constructor() {
    collectDefaultMetrics({ register: this.registry });
  }

  /** Counts the replicas of each service by their state, when metrics are scraped. */
  watch(upstreams: Upstreams): void {
    new Gauge({
      name: 'souk_edge_replicas',
      help: 'Replicas of a service, by what the edge knows of them',
      labelNames: ['service', 'state'],
      registers: [this.registry],
      collect() {
        this.reset();
        for (const { service, states } of upstreams.states) for (const { state } of states) this.inc({ service, state });
      },
    });
  }

  retried({ service, reason }: { readonly service: string; readonly reason: string }): void {
    this.retries.inc({ service, reason });
  }

  answered(service: string, method: string, status: number, milliseconds: number): void {
    this.requests.observe({ service, method, status }, milliseconds / 1000);
  }
}
