import { join } from 'node:path';
import { deadlineAggregate, leaseAggregate } from '@souk/coordination';
import { goldenEvents } from '@souk/event-sourcing/testing';

goldenEvents(join(__dirname, 'golden'), [leaseAggregate, deadlineAggregate]);
