import { join } from 'node:path';
import { goldenEvents } from '@souk/event-sourcing/testing';
import { snapshotAggregate } from '../src/domain/snapshot';
import { versionAggregate } from '../src/domain/version.decide';

goldenEvents(join(__dirname, 'golden'), [versionAggregate, snapshotAggregate]);
