import { Injectable } from '@nestjs/common';
import { DeadlineRunner, deadlinesProjection, deadlineTotalsProjection, Leases } from '@souk/coordination';
import { ProjectionRunner } from '@souk/read-store';
import { Gauge } from 'prom-client';
import { Clock } from '../clock.port';
import { Metrics } from './metrics';

/** More services than there will ever be. */
const ALL_SERVICES = 500;

/** What waits for its time, what is late, and which leases this process holds. */
@Injectable()
export class CoordinationMetrics {
  constructor(metrics: Metrics, projections: ProjectionRunner, runner: DeadlineRunner, leases: Leases, clock: Clock) {
    const deadlines = projections.readModel(deadlinesProjection);
    const totals = projections.readModel(deadlineTotalsProjection);
    const registers = [metrics.registry];
    new Gauge({
      name: 'souk_deadlines_open',
      help: 'Deadlines that are set and have not passed',
      labelNames: ['service'],
      registers,
      async collect() {
        const { items } = await totals.query({ index: 'byService', limit: ALL_SERVICES });
        for (const { service, open } of items) this.set({ service }, open);
      },
    });
    new Gauge({
      name: 'souk_deadlines_overdue_seconds',
      help: 'By how much the longest waiting deadline is late',
      registers,
      async collect() {
        const [first] = (await deadlines.query({ index: 'byDue', limit: 1 })).items;
        this.set(first ? Math.max(0, clock.now().getTime() - Date.parse(first.dueAt)) / 1000 : 0);
      },
    });
    new Gauge({
      name: 'souk_deadlines_failing',
      help: 'Deadlines whose command has failed and will be tried again',
      registers,
      collect() {
        this.set(runner.failingCount);
      },
    });
    new Gauge({
      name: 'souk_lease_held',
      help: 'Whether this process holds the lease',
      labelNames: ['lease'],
      registers,
      collect() {
        for (const { lease, held } of leases.held()) this.set({ lease }, held ? 1 : 0);
      },
    });
  }
}
