import { Controller, Get, Header } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { EventBus } from '@souk/messaging';
import { ProjectionRunner } from '@souk/read-store';
import type { FastifyInstance } from 'fastify';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { Public } from '../auth/roles.decorator';
import { observeBus } from './bus-metrics';

/** Prometheus metrics of this process. */
export class Metrics {
  readonly registry = new Registry();
  private readonly requests = new Histogram({
    name: 'http_server_request_duration_seconds',
    help: 'Duration of HTTP requests',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10],
    registers: [this.registry],
  });

  constructor(runner: ProjectionRunner, bus: EventBus) {
    collectDefaultMetrics({ register: this.registry });
    observeBus(bus, this.registry);
    new Gauge({
      name: 'souk_read_model_lag_seconds',
      help: 'From the recording of the newest event in a read model to the moment it could be read',
      labelNames: ['model'],
      registers: [this.registry],
      collect() {
        for (const { projection, lagMs } of runner.stats()) this.set({ model: projection }, lagMs / 1000);
      },
    });
    new Gauge({
      name: 'souk_read_model_active',
      help: 'Whether this process folds the read model, or follows another one that does',
      labelNames: ['model'],
      registers: [this.registry],
      collect() {
        for (const { projection, status } of runner.stats()) this.set({ model: projection }, status === 'following' ? 0 : 1);
      },
    });
  }

  /** A counter of a service. Answers the function that counts. Labels have few values each: no ids. */
  counter<Label extends string>(
    name: string,
    help: string,
    labelNames: readonly Label[],
  ): (labels: Record<Label, string>) => void {
    const counter = new Counter({ name, help, labelNames: [...labelNames], registers: [this.registry] });
    return (labels) => counter.inc(labels);
  }

  /** Times every answer, by route template. */
  observe(server: FastifyInstance): void {
    server.addHook('onResponse', (request, reply, done) => {
      const labels = { method: request.method, route: request.routeOptions.url ?? '-', status: reply.statusCode };
      this.requests.observe(labels, reply.elapsedTime / 1000);
      done();
    });
  }
}

@ApiExcludeController()
@Controller('metrics')
export class MetricsController {
  constructor(private readonly metrics: Metrics) {}

  @Get()
  @Public()
  @Header('content-type', 'text/plain; version=0.0.4; charset=utf-8')
  async scrape(): Promise<string> {
    return this.metrics.registry.metrics();
  }
}
