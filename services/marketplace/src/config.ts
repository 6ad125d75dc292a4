import { resolve } from 'node:path';
import { type Clock, loadConfig, ProcessEnvironment } from '@souk/platform';
import { type DeploymentTuning, tuningOf, withDeploymentVariables } from '../../deployment/src/deployment-variables';
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

const SIMULATED_CLOUD_RANGE = 'SOUK_SIMULATED_CLOUD_SECONDS must be a whole number between 0 and 3600';

/** Variables of the environment, by their names. */
class Environment extends withDeploymentVariables(ProcessEnvironment) {
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

  /** How long the simulated cloud takes to make something, in seconds. */
  @IsInt({ message: SIMULATED_CLOUD_RANGE })
  @Min(0, { message: SIMULATED_CLOUD_RANGE })
  @Max(3600, { message: SIMULATED_CLOUD_RANGE })
  SOUK_SIMULATED_CLOUD_SECONDS: number = 2;

  /** Who is asked which digest a tag stands for. */
  @IsIn(registryModes, { message: `SOUK_REGISTRIES must be one of ${registryModes.join(', ')}` })
  SOUK_REGISTRIES: RegistryMode = 'simulated';

  /** Where registries may be although they are not public. */
  @IsOptional()
  @Matches(NETWORKS, { message: 'SOUK_REGISTRY_NETWORKS must be networks, such as 10.1.0.0/16, separated by commas' })
  SOUK_REGISTRY_NETWORKS: string | undefined = undefined;

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
  readonly simulatedCloudMs?: number;
  readonly deployment: DeploymentTuning;
  readonly newOperatorToken: boolean;
  readonly registries: RegistrySettings;
  /** The time of day, where it is not the system's: for tests. */
  readonly clock?: Clock;
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
    deployment: tuningOf(more),
    simulatedCloudMs: more.SOUK_SIMULATED_CLOUD_SECONDS * 1000,
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
