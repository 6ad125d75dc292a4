import type { EventBus, GroupStats } from '@souk/messaging';
import { Counter, Gauge, type Registry } from 'prom-client';

const gauges = {
  souk_bus_lag_events: ['Events of the store that a consumer group has not passed, and those that it holds', ({ lag }) => lag],
  souk_bus_held_subjects: ['Subjects with a message that is being handled or tried again', ({ heldSubjects }) => heldSubjects],
  souk_bus_retrying_subjects: ['Subjects with a message that is tried again', ({ retryingSubjects }) => retryingSubjects],
  souk_bus_parked_messages: ['Messages that wait for an operator, one for each subject', ({ parkedSubjects }) => parkedSubjects],
  souk_bus_up: [
    '1 while messages are taken in, 0 while that is broken or stalled',
    ({ condition }) => Number(condition === 'running'),
  ],
} satisfies Record<string, readonly [help: string, value: (stats: GroupStats) => number]>;

/** What consumer groups do, asked for when metrics are scraped. */
export function observeBus(bus: EventBus, registry: Registry): void {
  for (const [name, [help, value]] of Object.entries(gauges))
    new Gauge({
      name,
      help,
      labelNames: ['group'],
      registers: [registry],
      async collect() {
        for (const stats of await bus.stats()) this.set({ group: stats.group }, value(stats));
      },
    });
  new Counter({
    name: 'souk_bus_deliveries_total',
    help: 'Attempts to handle a message, and messages that were parked after the last one',
    labelNames: ['group', 'outcome'],
    registers: [registry],
    async collect() {
      this.reset();
      for (const { group, deliveries } of await bus.stats())
        for (const [outcome, count] of Object.entries(deliveries)) this.inc({ group, outcome }, count);
    },
  });
}
