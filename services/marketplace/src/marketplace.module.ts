import { join } from 'node:path';
import { type DynamicModule, Module } from '@nestjs/common';
import { PlatformModule } from '@souk/platform';
import { AppCatalogModule, appCatalog } from '../../app-catalog/src/app-catalog.module';
import { audit, AuditModule } from '../../audit/src/audit.module';
import { authorization, AuthorizationModule } from '../../authorization/src/authorization.module';
import { commerce, CommerceModule } from '../../commerce/src/commerce.module';
import { deployment, DeploymentModule } from '../../deployment/src/deployment.module';
import { orchestration, OrchestrationModule } from '../../orchestration/src/orchestration.module';
import { release, ReleaseModule } from '../../release/src/release.module';
import type { MarketplaceConfig } from './config';

/** All of them. */
export const services = [appCatalog, orchestration, release, authorization, deployment, commerce, audit];

/** All services in one process, on the embedded adapters. */
@Module({})
export class MarketplaceModule {
  static with({
    dataDir,
    logLevel,
    masterKeys,
    clock,
    apiUrl,
    simulatedCloudMs = 0,
    deployment: tuning,
    registries,
  }: MarketplaceConfig & { readonly apiUrl: string }): DynamicModule {
    return {
      module: MarketplaceModule,
      imports: [
        PlatformModule.embedded({ dataDir, logLevel, services, ...(masterKeys && { masterKeys }), ...(clock && { clock }) }),
        AppCatalogModule,
        OrchestrationModule,
        ReleaseModule.with(registries),
        AuthorizationModule,
        DeploymentModule.with({
          simulatedKubeconfig: join(dataDir, 'cluster-sim', 'kubeconfig.yaml'),
          apiUrl,
          logDirectory: join(dataDir, 'logs'),
          simulatedCloudMs,
          ...tuning,
        }),
        CommerceModule,
        AuditModule,
      ],
    };
  }
}
