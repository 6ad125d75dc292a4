import { join } from 'node:path';
import { goldenEvents } from '@souk/event-sourcing/testing';
import { cluster } from '../src/domain/cluster.decide';
import { instance } from '../src/domain/instance.decide';
import { operation } from '../src/domain/operation.decide';
import { services } from '../src/domain/services.decide';

goldenEvents(join(__dirname, 'golden'), [cluster, instance, operation, services]);
