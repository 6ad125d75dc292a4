import { type DynamicModule, Global, Module } from '@nestjs/common';
import { ReleaseCommands, ReleaseQueries } from '@souk/contracts';
import { asOfController, type ServiceDefinition, ServiceModule } from '@souk/platform';
import { ImageRegistry, NoRegistry } from '@souk/registry';
import { ClosingImageRegistry } from './adapters/closing-image-registry';
import { SimulatedImageRegistry } from './adapters/simulated-image-registry';
import { ImageInquiry } from './application/image-inquiry';
import { RegistryLogins } from './application/registry-logins';
import { RegistrySettings } from './application/registry-settings';
import { Release } from './application/release';
import { VersionQueries } from './application/version-queries';
import { snapshotAggregate } from './domain/snapshot';
import { versionAggregate } from './domain/version.decide';
import { AppVersionsController } from './edges/app-versions.controller';
import { ImageController } from './edges/image.controller';
import { publication } from './edges/publication';
import { RegistryLoginController } from './edges/registry-login.controller';
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
  controllers: [AppVersionsController, VersionController, VersionHistoryController, ImageController, RegistryLoginController],
  providers: [
    ...[Release, ImageInquiry, RegistryLogins],
    { provide: ReleaseCommands, useExisting: Release },
    { provide: ReleaseQueries, useClass: VersionQueries },
  ],
  exports: [ReleaseCommands, ReleaseQueries],
})
export class ReleaseModule {
  static with(settings: RegistrySettings): DynamicModule {
    return {
      module: ReleaseModule,
      providers: [
        { provide: RegistrySettings, useValue: settings },
        { provide: ImageRegistry, useFactory: () => registryOf(settings) },
      ],
    };
  }
}

function registryOf({ mode, networks }: RegistrySettings): ImageRegistry | Promise<ImageRegistry> {
  if (mode === 'none') return new NoRegistry();
  return mode === 'simulated' ? SimulatedImageRegistry.start() : new ClosingImageRegistry({ allowed: networks });
}
