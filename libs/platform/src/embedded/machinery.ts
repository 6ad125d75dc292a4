import { deadlineAggregate, deadlinesProjection, deadlineTotalsProjection, leaseAggregate } from '@souk/coordination';
import { parkedMessageAggregate, parkedMessagesProjection } from '@souk/messaging';
import { nameAggregate } from '../name-registry';
import type { ServiceDefinition } from '../service.module';

/** What the platform itself writes and reads: streams of the machinery, beside those of the services. */
export const machinery: ServiceDefinition = {
  service: 'platform',
  aggregates: [nameAggregate, leaseAggregate, deadlineAggregate, parkedMessageAggregate],
  projections: [deadlinesProjection, deadlineTotalsProjection, parkedMessagesProjection],
};
