import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { InvalidConfig, loadConfig, ProcessEnvironment } from '@souk/platform';
import type { RpcTls } from '@souk/rpc';
import { IsInt, IsOptional, IsString, Matches, Max, Min } from 'class-validator';

const RPC_PORT_RANGE = 'SOUK_RPC_PORT must be a whole number between 0 (any free one) and 65535';
const BUS_REPLICAS_RANGE = 'SOUK_BUS_REPLICAS must be a whole number between 1 and 5';
const DRAIN_RANGE = 'SOUK_DRAIN_SECONDS must be a whole number between 0 and 600';
const MONGO_URL = /^mongodb(\+srv)?:\/\/\S+$/;

/** Variables of the environment that every service has, by their names. */
export class ServiceEnvironment extends ProcessEnvironment {
  /** Where other services ask this one. */
  @IsInt({ message: RPC_PORT_RANGE })
  @Min(0, { message: RPC_PORT_RANGE })
  @Max(65535, { message: RPC_PORT_RANGE })
  SOUK_RPC_PORT: number = 4000;

  @IsString({ message: 'SOUK_RPC_HOST must be an address to listen on' })
  SOUK_RPC_HOST: string = '127.0.0.1';

  @Matches(/^esdb(\+discover)?:\/\/\S+$/, { message: 'SOUK_EVENT_STORE is needed: esdb://host:2113, of an EventStoreDB' })
  SOUK_EVENT_STORE: string | undefined = undefined;

  @Matches(/^(nats|tls):\/\/[^\s,]+(,(nats|tls):\/\/[^\s,]+)*$/, {
    message: 'SOUK_BUS is needed: nats://host:4222, several by commas, with JetStream',
  })
  SOUK_BUS: string | undefined = undefined;

  /** Copies of the stream in a cluster of brokers. */
  @IsInt({ message: BUS_REPLICAS_RANGE })
  @Min(1, { message: BUS_REPLICAS_RANGE })
  @Max(5, { message: BUS_REPLICAS_RANGE })
  SOUK_BUS_REPLICAS: number = 1;

  /** Instead of a password in the URL: the credentials file (JWT and seed) of a user of the broker. */
  @IsOptional()
  @IsString({ message: 'SOUK_BUS_CREDENTIALS must be a file' })
  SOUK_BUS_CREDENTIALS: string | undefined = undefined;

  /** What the certificate of the broker follows from, where that is none that everybody knows; with it, TLS is a must. */
  @IsOptional()
  @IsString({ message: 'SOUK_BUS_TLS_CA must be a file' })
  SOUK_BUS_TLS_CA: string | undefined = undefined;

  /** Read models are shared by the replicas of a service in MongoDB, or each has its own (`lmdb`). */
  @Matches(/^(lmdb|mongodb(\+srv)?:\/\/\S+)$/, { message: 'SOUK_READ_STORE is needed: mongodb://host:27017, or lmdb' })
  SOUK_READ_STORE: string | undefined = undefined;

  @Matches(/^[a-z][a-z0-9]{0,30}$/, { message: 'SOUK_READ_STORE_PREFIX must be a short name of small letters and digits' })
  SOUK_READ_STORE_PREFIX: string = 'souk';

  /** Where the vault is, where that is not where read models are. */
  @IsOptional()
  @Matches(MONGO_URL, { message: 'SOUK_VAULT must be mongodb://host:27017' })
  SOUK_VAULT: string | undefined = undefined;

  @Matches(/^[A-Za-z0-9+/]{43}=(,[A-Za-z0-9+/]{43}=)*$/, {
    message: 'SOUK_MASTER_KEYS is needed: base64 of 32 bytes each, separated by commas, the first one wraps',
  })
  SOUK_MASTER_KEYS: string | undefined = undefined;

  /** Where the other services answer: `authorization=host:port`, separated by commas; a service may come several times. */
  @IsOptional()
  @Matches(/^[a-z-]+=[^\s,=/]+:\d{1,5}(,[a-z-]+=[^\s,=/]+:\d{1,5})*$/, {
    message: 'SOUK_NEIGHBOURS must be like authorization=host:port,release=host:port,…',
  })
  SOUK_NEIGHBOURS: string | undefined = undefined;

  /** For what is kept on this machine alone. */
  @IsString({ message: 'SOUK_DATA_DIR must be a folder' })
  SOUK_DATA_DIR: string = './data';

  /** How long it goes on serving when it is asked to end, in seconds: until nobody sends it anything any more. */
  @IsInt({ message: DRAIN_RANGE })
  @Min(0, { message: DRAIN_RANGE })
  @Max(600, { message: DRAIN_RANGE })
  SOUK_DRAIN_SECONDS: number = 5;

  @IsOptional()
  @IsString({ message: 'SOUK_RPC_TLS_CERT must be a file' })
  SOUK_RPC_TLS_CERT: string | undefined = undefined;

  @IsOptional()
  @IsString({ message: 'SOUK_RPC_TLS_KEY must be a file' })
  SOUK_RPC_TLS_KEY: string | undefined = undefined;

  @IsOptional()
  @IsString({ message: 'SOUK_RPC_TLS_CA must be a file' })
  SOUK_RPC_TLS_CA: string | undefined = undefined;

  /** Where this process is to die, fail or stand still: for fault tests. See `@souk/failpoints`. */
  @IsOptional()
  @IsString({ message: 'SOUK_FAILPOINTS must be a plan' })
  SOUK_FAILPOINTS: string | undefined = undefined;
}

/** What a service that is a process of its own knows. */
export interface ServiceConfig {
  readonly http: { readonly host: string; readonly port: number };
  readonly rpc: { readonly host: string; readonly port: number; readonly tls?: RpcTls };
  readonly logLevel: string;
  readonly engines: EnginesConfig;
  /** By service where it answers internal calls: `host:port`, one or several. */
  readonly neighbours: Readonly<Record<string, readonly string[]>>;
  readonly drainMs: number;
  readonly traceEndpoint?: string;
  readonly failpoints?: string;
}

export interface EnginesConfig {
  /** `esdb://…` */
  readonly eventStore: string;
  readonly bus: BusConfig;
  /** `mongodb://…` or `lmdb` */
  readonly readStore: string;
  /** `mongodb://…` */
  readonly vault: string;
  /** Of the names of databases. */
  readonly prefix: string;
  readonly masterKeys: readonly Buffer[];
  readonly dataDir: string;
}

/** As `openJetStreamBus` takes it. */
export interface BusConfig {
  /** `nats://…` */
  readonly servers: readonly string[];
  readonly replicas: number;
  /** The text of a credentials file. */
  readonly credentials?: string;
  /** PEM. */
  readonly tls?: { readonly ca: string };
}

/**
 * @param asks services that this one can't do without
 * @param type with more variables, where a service has some of its own
 * @throws InvalidConfig with every variable that does not fit
 */
export function serviceConfig<Environment extends ServiceEnvironment = ServiceEnvironment>(
  environment: NodeJS.ProcessEnv,
  asks: readonly string[],
  type: new () => Environment = ServiceEnvironment as new () => Environment,
): { readonly config: ServiceConfig; readonly variables: Environment } {
  const variables = loadConfig(type, environment);
  const neighbours = neighboursOf(variables.SOUK_NEIGHBOURS ?? '');
  const missing = asks.filter((service) => !neighbours[service]);
  const impossible = Object.entries(neighbours).filter(([, all]) => all.some((address) => !URL.canParse(`http://${address}`)));
  const vault = variables.SOUK_VAULT ?? variables.SOUK_READ_STORE!;
  const files = [variables.SOUK_RPC_TLS_CERT, variables.SOUK_RPC_TLS_KEY, variables.SOUK_RPC_TLS_CA];
  const named = new Files();
  const tls = rpcTlsOf(variables, named);
  const bus = busOf(variables, named);
  const problems = [
    ...impossible.map(([service]) => `SOUK_NEIGHBOURS has an address of "${service}" that can't be`),
    ...(missing.length > 0 ? [`SOUK_NEIGHBOURS names no address of ${missing.join(', ')}`] : []),
    ...(vault === 'lmdb' ? ['SOUK_VAULT is needed where SOUK_READ_STORE is lmdb: mongodb://host:27017'] : []),
    ...(new Set(files.map((file) => file === undefined)).size > 1
      ? ['SOUK_RPC_TLS_CERT, SOUK_RPC_TLS_KEY and SOUK_RPC_TLS_CA are needed together']
      : []),
    ...named.problems,
  ];
  if (problems.length > 0) throw new InvalidConfig(problems);
  const config: ServiceConfig = {
    http: { host: variables.HOST, port: variables.PORT },
    rpc: { host: variables.SOUK_RPC_HOST, port: variables.SOUK_RPC_PORT, ...tls },
    logLevel: variables.LOG_LEVEL,
    engines: {
      eventStore: variables.SOUK_EVENT_STORE!,
      bus,
      readStore: variables.SOUK_READ_STORE!,
      vault,
      prefix: variables.SOUK_READ_STORE_PREFIX,
      masterKeys: variables.SOUK_MASTER_KEYS!.split(',').map((key) => Buffer.from(key, 'base64')),
      dataDir: resolve(variables.SOUK_DATA_DIR),
    },
    neighbours,
    drainMs: variables.SOUK_DRAIN_SECONDS * 1000,
    ...(variables.OTEL_EXPORTER_OTLP_ENDPOINT !== undefined && { traceEndpoint: variables.OTEL_EXPORTER_OTLP_ENDPOINT }),
    ...(variables.SOUK_FAILPOINTS !== undefined && { failpoints: variables.SOUK_FAILPOINTS }),
  };
  return { config, variables };
}

function neighboursOf(text: string): Record<string, string[]> {
  const neighbours: Record<string, string[]> = {};
  for (const entry of text.split(',')) {
    const [service, address] = entry.split('=');
    if (service && address) (neighbours[service] ??= []).push(address);
  }
  return neighbours;
}

function rpcTlsOf(variables: ServiceEnvironment, files: Files): { tls?: RpcTls } {
  const { SOUK_RPC_TLS_CERT, SOUK_RPC_TLS_KEY, SOUK_RPC_TLS_CA } = variables;
  if (SOUK_RPC_TLS_CERT === undefined || SOUK_RPC_TLS_KEY === undefined || SOUK_RPC_TLS_CA === undefined) return {};
  return {
    tls: {
      cert: files.read('SOUK_RPC_TLS_CERT', SOUK_RPC_TLS_CERT),
      key: files.read('SOUK_RPC_TLS_KEY', SOUK_RPC_TLS_KEY),
      ca: files.read('SOUK_RPC_TLS_CA', SOUK_RPC_TLS_CA),
    },
  };
}

function busOf(variables: ServiceEnvironment, files: Files): BusConfig {
  const { SOUK_BUS, SOUK_BUS_REPLICAS, SOUK_BUS_CREDENTIALS, SOUK_BUS_TLS_CA } = variables;
  return {
    servers: SOUK_BUS!.split(','),
    replicas: SOUK_BUS_REPLICAS,
    ...(SOUK_BUS_CREDENTIALS !== undefined && {
      credentials: files.read('SOUK_BUS_CREDENTIALS', SOUK_BUS_CREDENTIALS, CREDENTIALS).toString(),
    }),
    ...(SOUK_BUS_TLS_CA !== undefined && {
      tls: { ca: files.read('SOUK_BUS_TLS_CA', SOUK_BUS_TLS_CA, CERTIFICATE).toString() },
    }),
  };
}

/** What a credentials file of NATS holds: a JWT, and the seed that answers for it. */
const CREDENTIALS = /BEGIN NATS USER JWT-[\s\S]+BEGIN USER NKEY SEED-/;
const CERTIFICATE = /-----BEGIN (TRUSTED )?CERTIFICATE-----/;

/** Reads the files that variables name, and notes what is wrong with them. */
class Files {
  readonly problems: string[] = [];

  read(variable: string, file: string, form?: RegExp): Buffer {
    try {
      const bytes = readFileSync(file);
      if (form && !form.test(bytes.toString())) this.problems.push(`${variable} names a file that does not hold what is needed`);
      return bytes;
    } catch {
      this.problems.push(`${variable} names a file that can't be read`);
      return Buffer.alloc(0);
    }
  }
}
