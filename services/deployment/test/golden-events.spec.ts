import { join } from 'node:path';
import { goldenEvents } from '@souk/event-sourcing/testing';
import { addressPool } from '../src/domain/clusters/address-pool.decide';
import { cluster } from '../src/domain/clusters/cluster.decide';
import { health } from '../src/domain/health/health.decide';
import { instance } from '../src/domain/instances/instance.decide';
import { operation } from '../src/domain/operations/operation.decide';
import { reachability } from '../src/domain/clusters/reachability.decide';
import { resources } from '../src/domain/cloud/resources.decide';
import { serviceBroker } from '../src/domain/cloud/service-broker';
import { services } from '../src/domain/services/services.decide';

goldenEvents(join(__dirname, 'golden'), [
  ...[cluster, addressPool, reachability, instance, operation, health],
  ...[services, resources, serviceBroker],
]);
