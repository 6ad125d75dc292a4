import { join } from 'node:path';
import { goldenEvents } from '@souk/event-sourcing/testing';
import { cluster } from '../src/domain/cluster.decide';
import { instance } from '../src/domain/instance.decide';
import { operation } from '../src/domain/operation.decide';
import { resources } from '../src/domain/resources.decide';
import { serviceBroker } from '../src/domain/service-broker';

goldenEvents(join(__dirname, 'golden'), [cluster, instance, operation, resources, serviceBroker]);
