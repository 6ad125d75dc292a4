import { asOfController } from '@souk/platform';
import { instance } from '../../domain/instances/instance.decide';
import { stateView } from './instance.view';

/** How an instance was: `GET /v1/instances/{id}/as-of`, `GET /v1/instances/{id}/difference`. */
export const InstanceHistoryController = asOfController({
  path: 'v1/instances',
  kind: 'instance',
  aggregate: instance,
  roles: ['provider', 'buyer', 'operator', 'auditor'],
  view: stateView,
});
