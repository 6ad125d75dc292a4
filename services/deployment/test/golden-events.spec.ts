import { join } from 'node:path';
import { goldenEvents } from '@souk/event-sourcing/testing';
import { cluster } from '../src/domain/cluster.decide';
import { health } from '../src/domain/health.decide';
import { instance } from '../src/domain/instance.decide';
import { operation } from '../src/domain/operation.decide';

goldenEvents(join(__dirname, 'golden'), [cluster, instance, operation, health]);
