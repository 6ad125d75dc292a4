import { resolve } from 'node:path';
import type { ClusterOptions } from '@souk/kubernetes';
import { type Clock, loadConfig, ProcessEnvironment } from '@souk/platform';
import { clusterCallsOf } from '../../deployment/src/application/deployment-settings';
import { type LogDestination, logDestinationOf, logDestinationPattern } from '../../deployment/src/domain/render/log-collector';
import { IsIn, IsInt, IsOptional, IsString, IsUrl, Matches, Max, Min, ValidateIf } from 'class-validator';
import {
  NETWORKS,
  type RegistryMode,
  registryModes,
  type RegistrySettings,
  registrySettingsOf,
} from '../../release/src/application/registry-settings';

/** Where gRPC is served if nobody says otherwise. */
const GRPC_PORT = 50_051;

const DRIFT_RANGE = 'SOUK_DRIFT_SECONDS must be a whole number between 10 and 86400';
const NODE_READY_RANGE = 'SOUK_NODE_READY_SECONDS must be a whole number between 1 and 86400';
const LOGS_URL =
  'SOUK_LOGS_URL must be an http(s) URL without credentials, after loki+ or elasticsearch+ where one of these is there';
const CALLS_RANGE = 'SOUK_CLUSTER_CALLS_PER_SECOND must be a whole number between 1 and 10000';

const SIMULATED_CLOUD_RANGE = 'SOUK_SIMULATED_CLOUD_SECONDS must be a whole number between 0 and 3600';

/** Variables of the environment, by their names. */
class Environment extends ProcessEnvironment {
  /** gRPC beside HTTP, on the same host: a port (0: any free one), or `off`. Without it: 50051, where that is free. */
  @IsOptional()
  @Matches(/^(off|[0-9]{1,4}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])$/, {
    message: 'SOUK_GRPC_PORT must be a whole number between 0 (any free one) and 65535, or off',
  })
  SOUK_GRPC_PORT: string | undefined = undefined;

  /** Files of a certificate and its key, PEM: with them gRPC is served over TLS only. */
  @ValidateIf(({ SOUK_GRPC_TLS_KEY }: Environment) => SOUK_GRPC_TLS_KEY !== undefined)
  @IsString({ message: 'SOUK_GRPC_TLS_CERT must be a file, since SOUK_GRPC_TLS_KEY is one' })
  SOUK_GRPC_TLS_CERT: string | undefined = undefined;

  @ValidateIf(({ SOUK_GRPC_TLS_CERT }: Environment) => SOUK_GRPC_TLS_CERT !== undefined)
  @IsString({ message: 'SOUK_GRPC_TLS_KEY must be a file, since SOUK_GRPC_TLS_CERT is one' })
  SOUK_GRPC_TLS_KEY: string | undefined = undefined;

  @IsString({ message: 'SOUK_DATA_DIR must be a folder' })
  SOUK_DATA_DIR: string = './data';

  /** Where instances reach this marketplace. */
  @IsOptional()
  @IsUrl(
    { require_tld: false, require_protocol: true, protocols: ['http', 'https'] },
    { message: 'SOUK_API_URL must be an http(s) URL' },
  )
  SOUK_API_URL: string | undefined = undefined;

  /** Key ring of the vault: 32 bytes each, base64, separated by commas; the first one wraps. Without it a key file is made. */
  @IsOptional()
  @Matches(/^[A-Za-z0-9+/]{43}=(,[A-Za-z0-9+/]{43}=)*$/, {
    message: 'SOUK_MASTER_KEYS must be base64 of 32 bytes each, separated by commas',
  })
  SOUK_MASTER_KEYS: string | undefined = undefined;

  /** How long a node may take to become ready, in seconds. */
  @IsInt({ message: NODE_READY_RANGE })
  @Min(1, { message: NODE_READY_RANGE })
  @Max(86_400, { message: NODE_READY_RANGE })
  SOUK_NODE_READY_SECONDS: number = 600;

  /** How long the simulated cloud takes to make something, in seconds. */
  @IsInt({ message: SIMULATED_CLOUD_RANGE })
  @Min(0, { message: SIMULATED_CLOUD_RANGE })
  @Max(3600, { message: SIMULATED_CLOUD_RANGE })
  SOUK_SIMULATED_CLOUD_SECONDS: number = 2;

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

  /** Who is asked which digest a tag stands for. */
  @IsIn(registryModes, { message: `SOUK_REGISTRIES must be one of ${registryModes.join(', ')}` })
  SOUK_REGISTRIES: RegistryMode = 'simulated';

  /** Where registries may be although they are not public. */
  @IsOptional()
  @Matches(NETWORKS, { message: 'SOUK_REGISTRY_NETWORKS must be networks, such as 10.1.0.0/16, separated by commas' })
  SOUK_REGISTRY_NETWORKS: string | undefined = undefined;

  /** How often every cluster with instances is looked at, in seconds. */
  @IsInt({ message: DRIFT_RANGE })
  @Min(10, { message: DRIFT_RANGE })
  @Max(86_400, { message: DRIFT_RANGE })
  SOUK_DRIFT_SECONDS: number = 300;

  /** `1` prints a new operator token at this start, for when the first one was lost. */
  @IsOptional()
  @IsIn(['1'], { message: 'SOUK_NEW_OPERATOR_TOKEN must be 1 where it is given' })
  SOUK_NEW_OPERATOR_TOKEN: string | undefined = undefined;

  /** Where this process is to die, fail or stand still: for fault tests. See `@souk/failpoints`. */
  @IsOptional()
  @IsString({ message: 'SOUK_FAILPOINTS must be a plan' })
  SOUK_FAILPOINTS: string | undefined = undefined;
}

export interface GrpcConfig {
  /** 0: any free one. */
  readonly port: number;
  /** Whether the marketplace does not start without it. */
  readonly required: boolean;
  /** Files, PEM. */
  readonly tls?: { readonly cert: string; readonly key: string };
}

export interface MarketplaceConfig {
  readonly port: number;
  readonly host: string;
  /** Without it, there is no gRPC. */
  readonly grpc?: GrpcConfig;
  readonly dataDir: string;
  readonly logLevel: string;
  readonly apiUrl?: string;
  readonly masterKeys?: readonly Buffer[];
  readonly nodeTimeoutMs: number;
  readonly simulatedCloudMs?: number;
  readonly alibabaFile?: string;
  readonly trialCloudPlans?: readonly string[];
  /** Networks (CIDR) in which registered clusters may be although none should be there. */
  readonly allowedClusterAddresses?: readonly string[];

  readonly driftMs?: number;
  readonly logs?: LogDestination;
  readonly newOperatorToken: boolean;
  readonly registries: RegistrySettings;
  /** The time of day, where it is not the system's: for tests. */
  readonly clock?: Clock;
  /** How clusters are called, where it is not as usual. */
  readonly clusterCalls?: Partial<ClusterOptions>;
  readonly failpoints?: string;
  /** Where traces are sent. */
  readonly traceEndpoint?: string;
}

/** @throws InvalidConfig with every variable that does not fit */
export function marketplaceConfig(environment: NodeJS.ProcessEnv): MarketplaceConfig {
  const { PORT, HOST, SOUK_DATA_DIR, LOG_LEVEL, SOUK_API_URL, SOUK_MASTER_KEYS, ...more } = loadConfig(Environment, environment);
  const grpc = grpcOf(more);
  return {
    port: PORT,
    host: HOST,
    ...(grpc && { grpc }),
    dataDir: resolve(SOUK_DATA_DIR),
    logLevel: LOG_LEVEL,
    ...(SOUK_API_URL !== undefined && { apiUrl: SOUK_API_URL }),
    ...(SOUK_MASTER_KEYS !== undefined && { masterKeys: SOUK_MASTER_KEYS.split(',').map((key) => Buffer.from(key, 'base64')) }),
    nodeTimeoutMs: more.SOUK_NODE_READY_SECONDS * 1000,
    simulatedCloudMs: more.SOUK_SIMULATED_CLOUD_SECONDS * 1000,
    ...(more.SOUK_ALIBABA_FILE !== undefined && { alibabaFile: resolve(more.SOUK_ALIBABA_FILE) }),
    ...(more.SOUK_TRIAL_CLOUD_PLANS !== undefined && { trialCloudPlans: more.SOUK_TRIAL_CLOUD_PLANS.split(',') }),
    clusterCalls: clusterCallsOf(more.SOUK_CLUSTER_CALLS_PER_SECOND),
    ...(more.SOUK_LOGS_URL !== undefined && { logs: logDestinationOf(more.SOUK_LOGS_URL) }),
    ...(more.SOUK_CLUSTER_NETWORKS !== undefined && { allowedClusterAddresses: more.SOUK_CLUSTER_NETWORKS.split(',') }),

    driftMs: more.SOUK_DRIFT_SECONDS * 1000,
    newOperatorToken: more.SOUK_NEW_OPERATOR_TOKEN === '1',
    registries: registrySettingsOf(more),
    ...(more.OTEL_EXPORTER_OTLP_ENDPOINT !== undefined && { traceEndpoint: more.OTEL_EXPORTER_OTLP_ENDPOINT }),
    ...(more.SOUK_FAILPOINTS !== undefined && { failpoints: more.SOUK_FAILPOINTS }),
  };
}

function grpcOf(given: Pick<Environment, 'SOUK_GRPC_PORT' | 'SOUK_GRPC_TLS_CERT' | 'SOUK_GRPC_TLS_KEY'>): GrpcConfig | undefined {
  const { SOUK_GRPC_PORT: port, SOUK_GRPC_TLS_CERT: cert, SOUK_GRPC_TLS_KEY: key } = given;
  if (port === 'off') return undefined;
  return {
    port: port === undefined ? GRPC_PORT : Number(port),
    required: port !== undefined,
    ...(cert !== undefined && key !== undefined && { tls: { cert: resolve(cert), key: resolve(key) } }),
  };
}
