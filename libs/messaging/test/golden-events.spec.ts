import { join } from 'node:path';
import { goldenEvents } from '@souk/event-sourcing/testing';
import { parkedMessageAggregate } from '@souk/messaging';

goldenEvents(join(__dirname, 'golden'), [parkedMessageAggregate]);
