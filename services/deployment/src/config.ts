import { resolve } from 'node:path';
import type { ClusterOptions } from '@souk/kubernetes';
import { type ServiceConfig, serviceConfig, ServiceEnvironment } from '@souk/process';
import { IsInt, IsOptional, IsString, IsUrl, Matches, Max, Min } from 'class-validator';
import { clusterCallsOf } from './application/deployment-settings';
import { type LogDestination, logDestinationOf, logDestinationPattern } from './domain/render/log-collector';

const DRIFT_RANGE = 'SOUK_DRIFT_SECONDS must be a whole number between 10 and 86400';
const NODE_READY_RANGE = 'SOUK_NODE_READY_SECONDS must be a whole number between 1 and 86400';
const LOGS_URL =
  'SOUK_LOGS_URL must be an http(s) URL without credentials, after loki+ or elasticsearch+ where one of these is there';
const CALLS_RANGE = 'SOUK_CLUSTER_CALLS_PER_SECOND must be a whole number between 1 and 10000';

const SIMULATED_CLOUD_RANGE = 'SOUK_SIMULATED_CLOUD_SECONDS must be a whole number between 0 and 3600';

class DeploymentEnvironment extends ServiceEnvironment {
  /** Where instances reach the platform: the address of its edge. */
  @IsUrl(
    { require_tld: false, require_protocol: true, protocols: ['http', 'https'] },
    { message: 'SOUK_API_URL is needed: an http(s) URL, under which instances reach the platform' },
  )
  SOUK_API_URL: string | undefined = undefined;

  /** How long a node may take to become ready, in seconds. */
  @IsInt({ message: NODE_READY_RANGE })
  @Min(1, { message: NODE_READY_RANGE })
  @Max(86_400, { message: NODE_READY_RANGE })
  SOUK_NODE_READY_SECONDS: number = 600;

  /** A file with an account of Alibaba Cloud, for cloud nodes on RDS: see docs/cloud-nodes.md. */
  @IsOptional()
  @IsString({ message: 'SOUK_ALIBABA_FILE must be a file' })
  SOUK_ALIBABA_FILE: string | undefined = undefined;

  /** Plans of cloud services that trials may use, beside those of the simulated cloud. */
  @IsOptional()
  @Matches(/^[^\s,/]+\/[^\s,/]+(,[^\s,/]+\/[^\s,/]+)*$/, {
    message: 'SOUK_TRIAL_CLOUD_PLANS must be plans such as rds-mysql/small, separated by commas',
  })
  SOUK_TRIAL_CLOUD_PLANS: string | undefined = undefined;

  /** How long a simulated cloud takes to make something, in seconds; without it there is none. */
  @IsOptional()
  @IsInt({ message: SIMULATED_CLOUD_RANGE })
  @Min(0, { message: SIMULATED_CLOUD_RANGE })
  @Max(3600, { message: SIMULATED_CLOUD_RANGE })
  SOUK_SIMULATED_CLOUD_SECONDS: number | undefined = undefined;
  /** How many calls to one cluster may be made in a second, on average; twice as many at once. */
  @IsInt({ message: CALLS_RANGE })
  @Min(1, { message: CALLS_RANGE })
  @Max(10_000, { message: CALLS_RANGE })
  SOUK_CLUSTER_CALLS_PER_SECOND: number = 100;

  /** Where log collectors of instances send what they read, as clusters reach it; the platform itself, where none is given. */
  @IsOptional()
  @Matches(logDestinationPattern, { message: LOGS_URL })
  SOUK_LOGS_URL: string | undefined = undefined;

  /** Networks (CIDR, by commas) in which registered clusters may be although none should be there, such as this machine's own: `127.0.0.0/8`. */
  @IsOptional()
  @Matches(/^[0-9a-fA-F.:]+\/\d{1,3}(,[0-9a-fA-F.:]+\/\d{1,3})*$/, {
    message: 'SOUK_CLUSTER_NETWORKS must be networks such as 127.0.0.0/8, separated by commas',
  })
  SOUK_CLUSTER_NETWORKS: string | undefined = undefined;

  /** How often every cluster with instances is looked at, in seconds. */
  @IsInt({ message: DRIFT_RANGE })
  @Min(10, { message: DRIFT_RANGE })
  @Max(86_400, { message: DRIFT_RANGE })
  SOUK_DRIFT_SECONDS: number = 300;

  /** The file in which a simulated cluster tells where it listens, for tests and demos. It is registered as a shared cluster then. */
  @IsOptional()
  @IsString({ message: 'SOUK_SIMULATED_KUBECONFIG must be a file' })
  SOUK_SIMULATED_KUBECONFIG: string | undefined = undefined;

  /** Where this process keeps logs of instances. Another replica would not see them: it is for one alone. */
  @IsOptional()
  @IsString({ message: 'SOUK_LOG_DIRECTORY must be a folder' })
  SOUK_LOG_DIRECTORY: string | undefined = undefined;
}

export interface DeploymentConfig {
  readonly config: ServiceConfig;
  readonly apiUrl: string;
  readonly nodeTimeoutMs: number;
  readonly clusterCalls: Partial<ClusterOptions>;
  readonly logs?: LogDestination;
  readonly allowedClusterAddresses?: readonly string[];

  readonly driftMs: number;
  readonly simulatedKubeconfig?: string;
  readonly logDirectory?: string;
  readonly simulatedCloudMs?: number;
  readonly alibabaFile?: string;
  readonly trialCloudPlans?: readonly string[];
}

/** @throws InvalidConfig with every variable that does not fit */
export function deploymentConfig(environment: NodeJS.ProcessEnv): DeploymentConfig {
  const { config, variables } = serviceConfig(environment, ['app-catalog', 'authorization', 'release'], DeploymentEnvironment);
  return {
    config,
    apiUrl: variables.SOUK_API_URL!,
    nodeTimeoutMs: variables.SOUK_NODE_READY_SECONDS * 1000,
    ...(variables.SOUK_LOG_DIRECTORY !== undefined && { logDirectory: resolve(variables.SOUK_LOG_DIRECTORY) }),
    ...(variables.SOUK_SIMULATED_CLOUD_SECONDS !== undefined && {
      simulatedCloudMs: variables.SOUK_SIMULATED_CLOUD_SECONDS * 1000,
    }),
    ...(variables.SOUK_ALIBABA_FILE !== undefined && { alibabaFile: resolve(variables.SOUK_ALIBABA_FILE) }),
    ...(variables.SOUK_TRIAL_CLOUD_PLANS !== undefined && { trialCloudPlans: variables.SOUK_TRIAL_CLOUD_PLANS.split(',') }),
    clusterCalls: clusterCallsOf(variables.SOUK_CLUSTER_CALLS_PER_SECOND),
    ...(variables.SOUK_LOGS_URL !== undefined && { logs: logDestinationOf(variables.SOUK_LOGS_URL) }),
    ...(variables.SOUK_CLUSTER_NETWORKS !== undefined && {
      allowedClusterAddresses: variables.SOUK_CLUSTER_NETWORKS.split(','),
    }),

    driftMs: variables.SOUK_DRIFT_SECONDS * 1000,
    ...(variables.SOUK_SIMULATED_KUBECONFIG !== undefined && {
      simulatedKubeconfig: resolve(variables.SOUK_SIMULATED_KUBECONFIG),
    }),
  };
}
