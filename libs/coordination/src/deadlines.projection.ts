import type { Projection } from '@souk/event-sourcing';
import type { DeadlineEvent } from './deadline.events';

/** A deadline that is open. */
export interface DeadlineDoc {
  readonly deadlineId: string;
  readonly dueAt: string;
  readonly service: string;
  /** Type of its command. */
  readonly command: string;
  /** The fact that set it, for the chain of causes. */
  readonly setBy: string;
  readonly correlationId: string;
}

/** What is due, and what will be: deadlines that are over are not in it, so that it stays as small as what is to be done. */
export const deadlinesProjection: Projection<DeadlineDoc, DeadlineEvent> = {
  name: 'deadlines',
  version: 2,
  streamPrefixes: ['deadline-'],
  indexes: { byDue: ['dueAt'], byService: ['service', 'dueAt'] },
  keys: ({ data }) => [data.deadlineId],
  on: {
    DeadlineSet: (_, { id, data: { deadlineId, dueAt, service, command }, metadata: { correlationId } }) => ({
      deadlineId,
      dueAt,
      service,
      command: command.type,
      setBy: id,
      correlationId,
    }),
    DeadlinePassed: () => undefined,
    DeadlineCancelled: () => undefined,
  },
};

/** How many are open, of one service. */
export interface DeadlineTotalDoc {
  readonly service: string;
  readonly open: number;
}

/** Counted as it goes: to count documents would take as long as there are. */
export const deadlineTotalsProjection: Projection<DeadlineTotalDoc, DeadlineEvent> = {
  name: 'deadline-totals',
  version: 1,
  streamPrefixes: ['deadline-'],
  indexes: { byService: ['service'] },
  keys: ({ data }) => [data.service],
  on: {
    DeadlineSet: (total, _, service) => ({ service, open: (total?.open ?? 0) + 1 }),
    DeadlinePassed: (total, _, service) => ({ service, open: (total?.open ?? 0) - 1 }),
    DeadlineCancelled: (total, _, service) => ({ service, open: (total?.open ?? 0) - 1 }),
  },
};
