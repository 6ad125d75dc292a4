import { Injectable } from '@nestjs/common';
import { Metrics } from '@souk/platform';
import type { InstanceEvent } from '../../domain/instances/instance.events';

/** How many operations have ended, by kind, outcome and class of failure: as far as this process has seen them end. */
@Injectable()
export class OperationCounts {
  private readonly count: (labels: Record<'kind' | 'outcome' | 'code', string>) => void;

  constructor(metrics: Metrics) {
    this.count = metrics.counter('souk_deployment_operations_total', 'Operations on instances that have ended', [
      'kind',
      'outcome',
      'code',
    ]);
  }

  /** @param events what a command led to */
  add(events: readonly { readonly event: InstanceEvent }[]): void {
    for (const { event } of events) {
      if (event.type !== 'OperationConcluded') continue;
      const { kind, outcome, code = 'none' } = event.data;
      this.count({ kind, outcome, code });
    }
  }
}
