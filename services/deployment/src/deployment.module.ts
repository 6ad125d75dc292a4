import { type DynamicModule, Global, Module } from '@nestjs/common';
import { DeploymentCommands } from '@souk/contracts';
import { ClusterConnection, KubeconfigConnection, SimulatedClusterConnection } from '@souk/kubernetes';
import { LmdbLogStore, LogStore, NoLogStore } from '@souk/log-store';
import { Clock, type ServiceDefinition, ServiceModule } from '@souk/platform';
import { SecretVault } from '@souk/secrets';
import { ClusterConnections } from './adapters/cluster-connections';
import { builtInProviders } from './adapters/built-in-providers';
import { BuiltInProviders, CloudProviders } from './application/cloud-providers';
import { CloudResources } from './application/cloud-resources';
import { CloudWork } from './application/cloud-work';
import { AddressBinding } from './application/address-binding';
import { AddressPools } from './application/address-pools';
import { ClusterChecks } from './application/cluster-checks';
import { ClusterChoice } from './application/cluster-choice';
import { ClusterClients } from './application/cluster-clients';
import { HostGrants } from './application/host-grants';
import { ClusterObstacles } from './application/cluster-obstacles';
import { ClusterSights } from './application/cluster-sights';
import { ClusterWatch } from './application/cluster-watch';
import { Clusters } from './application/clusters';
import { Deployables } from './application/deployables';
import { defaultSettings, DeploymentSettings } from './application/deployment-settings';
import { IdentityBinding } from './application/identity-binding';
import { InstanceLogs } from './application/instance-logs';
import { InstanceWork } from './application/instance-work';
import { Inspections } from './application/inspections';
import { Instances } from './application/instances';
import { LogTokens } from './application/log-tokens';
import { Interventions } from './application/interventions';
import { Lookout } from './application/lookout';
import { OperationCauses } from './application/operation-causes';
import { OperationCounts } from './application/operation-counts';
import { OperationJournal } from './application/operation-journal';
import { PodLogs } from './application/pod-logs';
import { PlanFreshness } from './application/plan-freshness';
import { Plans } from './application/plans';
import { Reconciler } from './application/reconciler';
import { Renderings } from './application/renderings';
import { ResourceReports } from './application/resource-reports';
import { ResourceSteps } from './application/resource-steps';
import { SealedValues } from './application/sealed-values';
import { SecretRollout } from './application/secret-rollout';
import { InstanceServices } from './application/services';
import { ServiceBrokers } from './application/service-brokers';
import { SharedCluster } from './application/shared-cluster';
import { TenantSecrets } from './application/tenant-secrets';
import { addressPool } from './domain/address-pool.decide';
import { cluster } from './domain/cluster.decide';
import { health } from './domain/health.decide';
import { instance } from './domain/instance.decide';
import { operation } from './domain/operation.decide';
import { services } from './domain/services.decide';
import { resources } from './domain/resources.decide';
import { serviceBroker } from './domain/service-broker';
import { reachability } from './domain/reachability.decide';
import { AppKeyGuard } from './edges/app-key.guard';
import { CloudServiceController } from './edges/cloud-service.controller';
import { ClusterController } from './edges/cluster.controller';
import { InstanceHistoryController } from './edges/instance-history.controller';
import { InstanceLogController } from './edges/instance-log.controller';
import { InstanceController } from './edges/instance.controller';
import { LogCollectorController } from './edges/log-collector.controller';
import { LogLinesBody } from './edges/log-lines-body';
import { LogStreams } from './edges/log-streams';
import { LogRetentionConsumer } from './edges/log-retention.consumer';
import { OpenController } from './edges/open.controller';
import { OperationController } from './edges/operation.controller';
import { PlanController } from './edges/plan.controller';
import { publication } from './edges/publication';
import { SecretRotationConsumer } from './edges/secret-rotation.consumer';
import { SecretController } from './edges/secret.controller';
import { ServiceBrokerController } from './edges/service-broker.controller';
import { ServiceController } from './edges/service.controller';
import { SignInController } from './edges/sign-in.controller';
import { cloudResourcesProjection } from './projections/cloud-resources.projection';
import { clustersProjection } from './projections/clusters.projection';
import { instancesProjection } from './projections/instances.projection';
import { operationsProjection } from './projections/operations.projection';
import { serviceBrokersProjection } from './projections/service-brokers.projection';
import { servicesProjection } from './projections/services.projection';

export { SharedCluster } from './application/shared-cluster';

export const deployment: ServiceDefinition = {
  service: 'deployment',
  aggregates: [cluster, addressPool, reachability, instance, operation, health, services, resources, serviceBroker],
  projections: [
    clustersProjection,
    instancesProjection,
    operationsProjection,
    servicesProjection,
    cloudResourcesProjection,
    serviceBrokersProjection,
  ],
  publication,
};

export interface DeploymentOptions extends Partial<Omit<DeploymentSettings, 'apiUrl'>> {
  /** Base URL of the platform's API, as instances reach it. */
  readonly apiUrl: string;
}

@Global()
@Module({})
export class DeploymentModule {
  static with({ apiUrl, ...more }: DeploymentOptions): DynamicModule {
    const settings: DeploymentSettings = { ...defaultSettings, ...more, apiUrl: () => apiUrl };
    const { simulatedKubeconfig } = settings;
    const connections = (vault: SecretVault) =>
      new ClusterConnections({
        ...(simulatedKubeconfig !== undefined && { simulated: new SimulatedClusterConnection(simulatedKubeconfig) }),
        kubeconfig: new KubeconfigConnection(vault, settings.allowedClusterAddresses),
      });
    return {
      module: DeploymentModule,
      imports: [ServiceModule.register(deployment)],
      controllers: [
        ClusterController,
        InstanceHistoryController,
        InstanceController,
        OperationController,
        PlanController,
        SecretController,
        ServiceController,
        SignInController,
        OpenController,
        SecretRotationConsumer,
        ...[InstanceLogController, LogCollectorController, LogRetentionConsumer],
        CloudServiceController,
        SignInController,
        ServiceBrokerController,
      ],
      providers: [
        { provide: DeploymentSettings, useValue: settings },
        { provide: ClusterConnection, inject: [SecretVault], useFactory: connections },
        ...[ClusterClients, Clusters, SharedCluster, TenantSecrets, Deployables, Instances, ResourceReports, AppKeyGuard],
        ...[Reconciler, InstanceWork, OperationJournal, OperationCauses, OperationCounts, IdentityBinding, SealedValues],
        ...[
          AddressBinding,
          AddressPools,
          ClusterChecks,
          ClusterChoice,
          ClusterObstacles,
          HostGrants,
          ClusterSights,
          ClusterWatch,
        ],
        ...[Renderings, Inspections, Lookout, Interventions, Plans, PlanFreshness, LogTokens, InstanceServices],
        { provide: BuiltInProviders, inject: [SecretVault, Clock], useFactory: builtInProviders(settings) },
        ...[CloudProviders, CloudResources, CloudWork, ResourceSteps, ServiceBrokers],
        SecretRollout,
        ...[InstanceLogs, PodLogs, LogLinesBody, LogStreams],
        { provide: LogStore, inject: [Clock], useFactory: (clock: Clock) => logStoreOf(settings, clock) },
        { provide: DeploymentCommands, useExisting: Instances },
      ],
      exports: [DeploymentCommands, SharedCluster],
    };
  }
}

function logStoreOf({ logDirectory }: DeploymentSettings, clock: Clock): LogStore | Promise<LogStore> {
  if (logDirectory === undefined) return new NoLogStore();
  return LmdbLogStore.open({ directory: logDirectory, now: () => clock.now().getTime() });
}
