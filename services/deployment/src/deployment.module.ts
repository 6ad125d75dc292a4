import { type DynamicModule, Global, Module } from '@nestjs/common';
import { DeploymentCommands } from '@souk/contracts';
import { ClusterConnection, KubeconfigConnection, SimulatedClusterConnection } from '@souk/kubernetes';
import { LmdbLogStore, LogStore, NoLogStore } from '@souk/log-store';
import { Clock, type ServiceDefinition, ServiceModule } from '@souk/platform';
import { SecretVault } from '@souk/secrets';
import { ClusterConnections } from './adapters/cluster-connections';
import { builtInProviders } from './adapters/built-in-providers';
import { BuiltInProviders, CloudProviders } from './application/cloud/cloud-providers';
import { CloudResources } from './application/cloud/cloud-resources';
import { CloudWork } from './application/cloud/cloud-work';
import { AddressBinding } from './application/operations/address-binding';
import { AddressPools } from './application/clusters/address-pools';
import { ClusterChecks } from './application/clusters/cluster-checks';
import { ClusterChoice } from './application/clusters/cluster-choice';
import { ClusterClients } from './application/clusters/cluster-clients';
import { KnownClusters } from './application/clusters/known-clusters';
import { Drawings } from './application/plans/drawings';
import { HostGrants } from './application/operations/host-grants';
import { ClusterObstacles } from './application/clusters/cluster-obstacles';
import { ClusterSights } from './application/clusters/cluster-sights';
import { ClusterWatch } from './application/clusters/cluster-watch';
import { Clusters } from './application/clusters/clusters';
import { Deployables } from './application/plans/deployables';
import { defaultSettings, DeploymentSettings } from './application/deployment-settings';
import { IdentityBinding } from './application/operations/identity-binding';
import { InstanceLogs } from './application/logs/instance-logs';
import { InstanceWork } from './application/operations/instance-work';
import { Inspections } from './application/operations/inspections';
import { Instances } from './application/instances/instances';
import { LogTokens } from './application/logs/log-tokens';
import { Interventions } from './application/instances/interventions';
import { Lookout } from './application/operations/lookout';
import { OperationCauses } from './application/operation-causes';
import { OperationCounts } from './application/operations/operation-counts';
import { OperationJournal } from './application/operations/operation-journal';
import { PodLogs } from './application/logs/pod-logs';
import { PlanFreshness } from './application/plans/plan-freshness';
import { Plans } from './application/plans/plans';
import { Reconciler } from './application/operations/reconciler';
import { Renderings } from './application/plans/renderings';
import { ResourceReports } from './application/plans/resource-reports';
import { ResourceSteps } from './application/cloud/resource-steps';
import { SealedValues } from './application/secrets/sealed-values';
import { SecretRollout } from './application/secrets/secret-rollout';
import { InstanceServices } from './application/services/services';
import { ServiceBrokers } from './application/cloud/service-brokers';
import { SharedCluster } from './application/clusters/shared-cluster';
import { TenantSecrets } from './application/secrets/tenant-secrets';
import { addressPool } from './domain/clusters/address-pool.decide';
import { cluster } from './domain/clusters/cluster.decide';
import { health } from './domain/health/health.decide';
import { instance } from './domain/instances/instance.decide';
import { operation } from './domain/operations/operation.decide';
import { services } from './domain/services/services.decide';
import { resources } from './domain/cloud/resources.decide';
import { serviceBroker } from './domain/cloud/service-broker';
import { reachability } from './domain/clusters/reachability.decide';
import { AppKeyGuard } from './edges/open/app-key.guard';
import { CloudServiceController } from './edges/cloud/cloud-service.controller';
import { ClusterController } from './edges/clusters/cluster.controller';
import { InstanceHistoryController } from './edges/instances/instance-history.controller';
import { InstanceLogController } from './edges/logs/instance-log.controller';
import { InstanceController } from './edges/instances/instance.controller';
import { LogCollectorController } from './edges/logs/log-collector.controller';
import { LogLinesBody } from './edges/logs/log-lines-body';
import { LogStreams } from './edges/logs/log-streams';
import { LogRetentionConsumer } from './edges/logs/log-retention.consumer';
import { OpenController } from './edges/open/open.controller';
import { OperationController } from './edges/instances/operation.controller';
import { PlanController } from './edges/plans/plan.controller';
import { publication } from './edges/instances/publication';
import { SecretRotationConsumer } from './edges/secrets/secret-rotation.consumer';
import { SecretController } from './edges/secrets/secret.controller';
import { ServiceBrokerController } from './edges/cloud/service-broker.controller';
import { ServiceController } from './edges/services/service.controller';
import { SignInController } from './edges/open/sign-in.controller';
import { cloudResourcesProjection } from './projections/cloud-resources.projection';
import { clustersProjection } from './projections/clusters.projection';
import { instancesProjection } from './projections/instances.projection';
import { operationsProjection } from './projections/operations.projection';
import { serviceBrokersProjection } from './projections/service-brokers.projection';
import { servicesProjection } from './projections/services.projection';

export { SharedCluster } from './application/clusters/shared-cluster';

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
        ...[
          ClusterClients,
          KnownClusters,
          Clusters,
          SharedCluster,
          TenantSecrets,
          Deployables,
          Instances,
          ResourceReports,
          AppKeyGuard,
        ],
        ...[Reconciler, InstanceWork, OperationJournal, OperationCauses, OperationCounts, IdentityBinding, SealedValues],
        ...[
          AddressBinding,
          AddressPools,
          ClusterChecks,
          ClusterChoice,
          ClusterObstacles,
          HostGrants,
          Drawings,
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
