import { join } from 'node:path';
import { goldenEvents } from '@souk/event-sourcing/testing';
import { nameAggregate } from '../src/name-registry';

goldenEvents(join(__dirname, 'golden'), [nameAggregate]);
