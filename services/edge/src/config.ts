import { resolve } from 'node:path';
import { IsInt, IsString, Matches, Max, Min, ValidateIf } from 'class-validator';
import { InvalidConfig, loadConfig, ProcessEnvironment } from '@souk/platform';
import { type Service, services } from './routes';

const PORT_OR_OFF = /^(off|\d{1,4}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d{2}|655[0-2]\d|6553[0-5])$/;
const DRAIN_RANGE = 'SOUK_DRAIN_SECONDS must be a whole number between 0 and 600';

/** Variables of the environment, by their names. */
class EdgeEnvironment extends ProcessEnvironment {
  /** Where the services are: `app-catalog=http://host:port`, separated by commas; a service may come several times. */
  @IsString({ message: 'SOUK_UPSTREAMS is needed: app-catalog=http://host:port,release=http://host:port,…' })
  @Matches(/^([a-z-]+=http:\/\/[^\s,/=]+:\d{1,5}\/?)(,[a-z-]+=http:\/\/[^\s,/=]+:\d{1,5}\/?)*$/, {
    message: 'SOUK_UPSTREAMS must be like app-catalog=http://host:port,release=http://host:port,…',
  })
  SOUK_UPSTREAMS: string | undefined = undefined;

  /** Where public gRPC is served, on the same host: a port (0: any free one), or `off`, which it is without it. */
  @Matches(PORT_OR_OFF, { message: 'SOUK_GRPC_PORT must be a whole number between 0 (any free one) and 65535, or off' })
  SOUK_GRPC_PORT: string = 'off';

  /** Where `/metrics` is served, on the same host: a port (0: any free one), or `off`, which it is without it. */
  @Matches(PORT_OR_OFF, { message: 'SOUK_METRICS_PORT must be a whole number between 0 (any free one) and 65535, or off' })
  SOUK_METRICS_PORT: string = 'off';

  /** Files of a certificate and its key, PEM: with them gRPC is served over TLS only. */
  @ValidateIf(({ SOUK_GRPC_TLS_KEY }: EdgeEnvironment) => SOUK_GRPC_TLS_KEY !== undefined)
  @IsString({ message: 'SOUK_GRPC_TLS_CERT must be a file, since SOUK_GRPC_TLS_KEY is one' })
  SOUK_GRPC_TLS_CERT: string | undefined = undefined;

  @ValidateIf(({ SOUK_GRPC_TLS_CERT }: EdgeEnvironment) => SOUK_GRPC_TLS_CERT !== undefined)
  @IsString({ message: 'SOUK_GRPC_TLS_KEY must be a file, since SOUK_GRPC_TLS_CERT is one' })
  SOUK_GRPC_TLS_KEY: string | undefined = undefined;

  /** How long it goes on serving when it is asked to end, in seconds. */
  @IsInt({ message: DRAIN_RANGE })
  @Min(0, { message: DRAIN_RANGE })
  @Max(600, { message: DRAIN_RANGE })
  SOUK_DRAIN_SECONDS: number = 5;
}

export interface GrpcConfig {
  /** 0: any free one. */
  readonly port: number;
  /** Files, PEM. */
  readonly tls?: { readonly cert: string; readonly key: string };
}

export interface EdgeConfig {
  readonly port: number;
  readonly host: string;
  readonly logLevel: string;
  /** By service, `host:port` of each replica. */
  readonly upstreams: Readonly<Record<Service, readonly string[]>>;
  /** Without it, there is no gRPC. */
  readonly grpc?: GrpcConfig;
  /** Without it, there are no metrics. */
  readonly metricsPort?: number;
  readonly drainMs: number;
  readonly traceEndpoint?: string;
  /** How long a service may be away before a request to it fails, where it is not as usual. */
  readonly patienceMs?: number;
  /** How long a request may take to come whole, where it is not as usual. */
  readonly requestWithinMs?: number;
}

/** @throws InvalidConfig with every variable that does not fit */
export function edgeConfig(environment: NodeJS.ProcessEnv): EdgeConfig {
  const config = loadConfig(EdgeEnvironment, environment);
  return {
    port: config.PORT,
    host: config.HOST,
    logLevel: config.LOG_LEVEL,
    upstreams: upstreamsOf(config.SOUK_UPSTREAMS!),
    ...(config.SOUK_GRPC_PORT !== 'off' && { grpc: { port: Number(config.SOUK_GRPC_PORT), ...tlsOf(config) } }),
    ...(config.SOUK_METRICS_PORT !== 'off' && { metricsPort: Number(config.SOUK_METRICS_PORT) }),
    drainMs: config.SOUK_DRAIN_SECONDS * 1000,
    ...(config.OTEL_EXPORTER_OTLP_ENDPOINT !== undefined && { traceEndpoint: config.OTEL_EXPORTER_OTLP_ENDPOINT }),
  };
}

function tlsOf({ SOUK_GRPC_TLS_CERT: cert, SOUK_GRPC_TLS_KEY: key }: EdgeEnvironment): Pick<GrpcConfig, 'tls'> {
  return cert === undefined || key === undefined ? {} : { tls: { cert: resolve(cert), key: resolve(key) } };
}

function upstreamsOf(text: string): EdgeConfig['upstreams'] {
  const entries = text.split(',').map((entry) => {
    const [service = '', url = ''] = entry.split('=');
    if (!URL.canParse(url)) throw new InvalidConfig([`SOUK_UPSTREAMS has an address of "${service}" that can't be`]);
    return { service, address: new URL(url).host };
  });
  const unknown = entries.filter(({ service }) => !(services as readonly string[]).includes(service));
  const missing = services.filter((name) => !entries.some(({ service }) => service === name));
  if (unknown.length + missing.length > 0)
    throw new InvalidConfig([
      ...unknown.map(({ service }) => `SOUK_UPSTREAMS names "${service}", which is no service`),
      ...(missing.length > 0 ? [`SOUK_UPSTREAMS names no address of ${missing.join(', ')}`] : []),
    ]);
  const of = (name: Service): readonly string[] =>
    entries.filter(({ service }) => service === name).map(({ address }) => address);
  return Object.fromEntries(services.map((name) => [name, of(name)])) as unknown as EdgeConfig['upstreams'];
}
