import { resolve } from 'node:path';
import type { ClusterOptions } from '@souk/kubernetes';
import { type Clock, loadConfig } from '@souk/platform';
import { IsIn, IsInt, IsOptional, IsString, IsUrl, Matches, Max, Min } from 'class-validator';

const PORT_RANGE = 'PORT must be a whole number between 0 (any free one) and 65535';

const NODE_READY_RANGE = 'SOUK_NODE_READY_SECONDS must be a whole number between 1 and 86400';

/** Variables of the environment, by their names. */
class Environment {
  @IsInt({ message: PORT_RANGE })
  @Min(0, { message: PORT_RANGE })
  @Max(65535, { message: PORT_RANGE })
  PORT: number = 3000;

  @IsString({ message: 'HOST must be an address to listen on' })
  HOST: string = '127.0.0.1';

  @IsString({ message: 'SOUK_DATA_DIR must be a folder' })
  SOUK_DATA_DIR: string = './data';

  @IsIn(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], {
    message: 'LOG_LEVEL must be one of fatal, error, warn, info, debug, trace, silent',
  })
  LOG_LEVEL: string = 'warn';

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

  /** `1` prints a new operator token at this start, for when the first one was lost. */
  @IsOptional()
  @IsIn(['1'], { message: 'SOUK_NEW_OPERATOR_TOKEN must be 1 where it is given' })
  SOUK_NEW_OPERATOR_TOKEN: string | undefined = undefined;

  /** Where traces are sent, OTLP over HTTP; without it none are recorded. */
  @IsOptional()
  @IsUrl(
    { require_tld: false, require_protocol: true, protocols: ['http', 'https'] },
    { message: 'OTEL_EXPORTER_OTLP_ENDPOINT must be an http(s) URL' },
  )
  OTEL_EXPORTER_OTLP_ENDPOINT: string | undefined = undefined;

  /** Where this process is to die, fail or stand still: for fault tests. See `@souk/failpoints`. */
  @IsOptional()
  @IsString({ message: 'SOUK_FAILPOINTS must be a plan' })
  SOUK_FAILPOINTS: string | undefined = undefined;
}

export interface MarketplaceConfig {
  readonly port: number;
  readonly host: string;
  readonly dataDir: string;
  readonly logLevel: string;
  readonly apiUrl?: string;
  readonly masterKeys?: readonly Buffer[];
  readonly nodeTimeoutMs: number;
  readonly newOperatorToken: boolean;
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
  return {
    port: PORT,
    host: HOST,
    dataDir: resolve(SOUK_DATA_DIR),
    logLevel: LOG_LEVEL,
    ...(SOUK_API_URL !== undefined && { apiUrl: SOUK_API_URL }),
    ...(SOUK_MASTER_KEYS !== undefined && { masterKeys: SOUK_MASTER_KEYS.split(',').map((key) => Buffer.from(key, 'base64')) }),
    nodeTimeoutMs: more.SOUK_NODE_READY_SECONDS * 1000,
    newOperatorToken: more.SOUK_NEW_OPERATOR_TOKEN === '1',
    ...(more.OTEL_EXPORTER_OTLP_ENDPOINT !== undefined && { traceEndpoint: more.OTEL_EXPORTER_OTLP_ENDPOINT }),
    ...(more.SOUK_FAILPOINTS !== undefined && { failpoints: more.SOUK_FAILPOINTS }),
  };
}
