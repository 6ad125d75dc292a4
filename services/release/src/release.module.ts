import { Global, Module } from '@nestjs/common';
import { ReleaseCommands, ReleaseQueries } from '@souk/contracts';
import { asOfController, type ServiceDefinition, ServiceModule } from '@souk/platform';
import { Release } from './application/release';
import { VersionQueries } from './application/version-queries';
import { snapshotAggregate } from './domain/snapshot';
import { versionAggregate } from './domain/version.decide';
import { AppVersionsController } from './edges/app-versions.controller';
import { publication } from './edges/publication';
import { VersionController } from './edges/version.controller';
import { versionState } from './edges/version.view';
import { versionsProjection } from './projections/versions.projection';

export const release: ServiceDefinition = {
  service: 'release',
  aggregates: [versionAggregate, snapshotAggregate],
  projections: [versionsProjection],
  publication,
};

const VersionHistoryController = asOfController({
  path: 'v1/versions',
  kind: 'version',
  aggregate: versionAggregate,
  roles: ['provider', 'operator', 'auditor'],
  view: versionState,
});

@Global()
@Module({
  imports: [ServiceModule.register(release)],
  controllers: [AppVersionsController, VersionController, VersionHistoryController],
  providers: [Release, { provide: ReleaseCommands, useExisting: Release }, { provide: ReleaseQueries, useClass: VersionQueries }],
  exports: [ReleaseCommands, ReleaseQueries],
})
export class ReleaseModule {}
