import { AppCatalogQueries } from '@souk/contracts';
import { field, internalPort } from '../internal-port';

export const appCatalogPorts = [
  internalPort('app-catalog', AppCatalogQueries, { app: { args: [field('appId')], answer: field('app') } }),
];
