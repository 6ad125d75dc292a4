import { Global, Module } from '@nestjs/common';
import { OrchestrationCommands, OrchestrationQueries } from '@souk/contracts';
import { asOfController, type ServiceDefinition, ServiceModule } from '@souk/platform';
import { ConfigurationCommands } from './application/configuration-commands';
import { ConfigurationQueries } from './application/configuration-queries';
import { Configurations } from './application/configurations';
import { VersionConfigurations } from './application/version-configurations';
import { configurationAggregate } from './domain/configuration.decide';
import { ConfigurationController } from './edges/configuration.controller';
import { ConfigurationPartsController } from './edges/configuration-parts.controller';
import { configurationState } from './edges/configuration.view';
import { NodePresetController } from './edges/node-preset.controller';
import { ReleaseConsumer } from './edges/release.consumer';
import { VersionConfigurationsController } from './edges/version-configurations.controller';
import { configurationsProjection } from './projections/configurations.projection';

export const orchestration: ServiceDefinition = {
  service: 'orchestration',
  aggregates: [configurationAggregate],
  projections: [configurationsProjection],
};

const ConfigurationHistoryController = asOfController({
  path: 'v1/configurations',
  kind: 'configuration',
  aggregate: configurationAggregate,
  roles: ['provider', 'operator', 'auditor'],
  view: configurationState,
});

@Global()
@Module({
  imports: [ServiceModule.register(orchestration)],
  controllers: [
    VersionConfigurationsController,
    ConfigurationController,
    ConfigurationPartsController,
    ConfigurationHistoryController,
    NodePresetController,
    ReleaseConsumer,
  ],
  providers: [
    Configurations,
    VersionConfigurations,
    ConfigurationCommands,
    { provide: OrchestrationCommands, useExisting: ConfigurationCommands },
    { provide: OrchestrationQueries, useClass: ConfigurationQueries },
  ],
  exports: [OrchestrationCommands, OrchestrationQueries],
})
export class OrchestrationModule {}
