import { join } from 'node:path';
import { goldenEvents } from '@souk/event-sourcing/testing';
import { appAggregate } from '../src/domain/app.decide';

goldenEvents(join(__dirname, 'golden'), [appAggregate]);
