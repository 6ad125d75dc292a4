import { join } from 'node:path';
import { goldenEvents } from '@souk/event-sourcing/testing';
import { addressPool } from '../src/domain/address-pool.decide';
import { cluster } from '../src/domain/cluster.decide';
import { health } from '../src/domain/health.decide';
import { instance } from '../src/domain/instance.decide';
import { operation } from '../src/domain/operation.decide';
import { reachability } from '../src/domain/reachability.decide';
import { resources } from '../src/domain/resources.decide';
import { serviceBroker } from '../src/domain/service-broker';
import { services } from '../src/domain/services.decide';

goldenEvents(join(__dirname, 'golden'), [
  ...[cluster, addressPool, reachability, instance, operation, health],
  ...[services, resources, serviceBroker],
]);
