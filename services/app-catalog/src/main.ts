import { runService, serviceConfig } from '@souk/process';
import { AppCatalogModule, appCatalog } from './app-catalog.module';
import { appCatalogRpc } from './edges/app-catalog.rpc';

runService('app-catalog', () => ({
  ...serviceConfig(process.env, ['authorization', 'release']),
  definition: appCatalog,
  module: AppCatalogModule,
  answers: [...appCatalogRpc],
}));
