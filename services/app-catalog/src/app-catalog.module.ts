import { Global, Module } from '@nestjs/common';
import { AppCatalogQueries } from '@souk/contracts';
import { type ServiceDefinition, ServiceModule } from '@souk/platform';
import { AppCatalog } from './application/app-catalog';
import { AppQueries } from './application/app-queries';
import { appAggregate } from './domain/app.decide';
import { AppController } from './edges/app.controller';
import { MarketplaceController } from './edges/marketplace.controller';
import { publication } from './edges/publication';
import { ReleaseConsumer } from './edges/release.consumer';
import { appsProjection } from './projections/apps.projection';

export const appCatalog: ServiceDefinition = {
  service: 'app-catalog',
  aggregates: [appAggregate],
  projections: [appsProjection],
  publication,
};

@Global()
@Module({
  imports: [ServiceModule.register(appCatalog)],
  controllers: [AppController, MarketplaceController, ReleaseConsumer],
  providers: [AppCatalog, { provide: AppCatalogQueries, useClass: AppQueries }],
  exports: [AppCatalogQueries],
})
export class AppCatalogModule {}
