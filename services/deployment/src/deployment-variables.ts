import { resolve } from 'node:path';
import type { ProcessEnvironment } from '@souk/platform';
import { IsInt, IsOptional, IsString, Matches, Max, Min } from 'class-validator';
import { clusterCallsOf, type DeploymentSettings } from './application/deployment-settings';
import { logDestinationOf, logDestinationPattern } from './domain/render/log-collector';

const DRIFT_RANGE = 'SOUK_DRIFT_SECONDS must be a whole number between 10 and 86400';
const NODE_READY_RANGE = 'SOUK_NODE_READY_SECONDS must be a whole number between 1 and 86400';
const LOGS_URL =
  'SOUK_LOGS_URL must be an http(s) URL without credentials, after loki+ or elasticsearch+ where one of these is there';
const CALLS_RANGE = 'SOUK_CLUSTER_CALLS_PER_SECOND must be a whole number between 1 and 10000';

/** Settings of this service that variables say, in whichever process it runs. */
export type DeploymentTuning = Pick<DeploymentSettings, 'nodeTimeoutMs'> &
  Partial<
    Pick<DeploymentSettings, 'driftMs' | 'clusterCalls' | 'allowedClusterAddresses' | 'logs' | 'alibabaFile' | 'trialCloudPlans'>
  >;

/** The variables of a process in which this service runs, alone or beside others. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- what TypeScript asks of the base of a mixin
export function withDeploymentVariables<Base extends new (...args: any[]) => ProcessEnvironment>(base: Base) {
  class DeploymentVariables extends base {
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
  }
  return DeploymentVariables;
}

type DeploymentVariables = InstanceType<ReturnType<typeof withDeploymentVariables>>;

/** What the variables say. */
export function tuningOf(variables: Omit<DeploymentVariables, keyof ProcessEnvironment>): DeploymentTuning {
  const { SOUK_LOGS_URL: logs, SOUK_CLUSTER_NETWORKS: networks, SOUK_ALIBABA_FILE: alibabaFile } = variables;
  return {
    nodeTimeoutMs: variables.SOUK_NODE_READY_SECONDS * 1000,
    driftMs: variables.SOUK_DRIFT_SECONDS * 1000,
    clusterCalls: clusterCallsOf(variables.SOUK_CLUSTER_CALLS_PER_SECOND),
    ...(networks !== undefined && { allowedClusterAddresses: networks.split(',') }),
    ...(logs !== undefined && { logs: logDestinationOf(logs) }),
    ...(alibabaFile !== undefined && { alibabaFile: resolve(alibabaFile) }),
    ...(variables.SOUK_TRIAL_CLOUD_PLANS !== undefined && { trialCloudPlans: variables.SOUK_TRIAL_CLOUD_PLANS.split(',') }),
  };
}
