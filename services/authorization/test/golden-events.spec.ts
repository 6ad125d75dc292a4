import { join } from 'node:path';
import { goldenEvents } from '@souk/event-sourcing/testing';
import { credentialAggregate } from '../src/domain/credential.decide';
import { permissionsAggregate } from '../src/domain/permissions.decide';
import { tenantAggregate } from '../src/domain/tenant';
import { userAggregate } from '../src/domain/user.decide';

goldenEvents(join(__dirname, 'golden'), [permissionsAggregate, credentialAggregate, tenantAggregate, userAggregate]);
