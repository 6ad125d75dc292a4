import type { HealthCheck, PortPair, ResourceRange } from './topology';

/** An environment variable that an image knows. */
export interface PresetVariable {
  readonly key: string;
  readonly title: string;
  /** Without it the image does not start. */
  readonly required: boolean;
  /** Its value is given as `${secret.…}` and never written down. */
  readonly secret: boolean;
}

/** An entry of the catalogue of third-party nodes: what a node need not say itself. */
export interface Preset {
  /** As a node's `preset` names it. */
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly kind: 'database' | 'cache' | 'web-server';
  /** Unmodified, with a pinned tag. */
  readonly image: string;
  /** What the image is published for, as OCI writes it: `linux/amd64`. */
  readonly platforms: readonly string[];
  readonly ports: readonly PortPair[];
  readonly variables: readonly PresetVariable[];
  /** Where the process keeps its data, in the container. */
  readonly dataPath?: string;
  /** Where it has storage, its replicas have names that stay, and a process is gone before the next one begins on its files. Default false. */
  readonly stableStorage?: boolean;
  /** User that the image can run as from the beginning; left out where it wants to begin as root. */
  readonly userId?: number;
  /** Default: TCP on the first port. */
  readonly healthCheck?: HealthCheck;
  readonly cpu: ResourceRange;
  readonly memory: ResourceRange;
}

/** The catalogue. To add a node: one entry here. */
export const presets: readonly Preset[] = [
  {
    name: 'mysql',
    title: 'MySQL',
    description: 'Relational database.',
    kind: 'database',
    image: 'docker.io/library/mysql:8.4.4',
    platforms: ['linux/amd64', 'linux/arm64'],
    ports: [tcp(3306)],
    variables: [
      requiredSecret('MYSQL_ROOT_PASSWORD', 'Password of the superuser root'),
      optional('MYSQL_DATABASE', 'Database made at the first start'),
      optional('MYSQL_USER', 'User made at the first start, owner of that database'),
      optionalSecret('MYSQL_PASSWORD', 'Password of that user'),
    ],
    dataPath: '/var/lib/mysql',
    stableStorage: true,
    userId: 999,
    // Over TCP: the server that runs during initialisation listens on its socket only.
    healthCheck: { command: ['mysqladmin', 'ping', '-h', '127.0.0.1'], initialDelaySeconds: 5, periodSeconds: 10 },
    cpu: { request: '250m', limit: '1' },
    memory: { request: '512Mi', limit: '1Gi' },
  },
  {
    name: 'mariadb',
    title: 'MariaDB',
    description: 'Relational database.',
    kind: 'database',
    image: 'docker.io/library/mariadb:11.4.5',
    platforms: ['linux/amd64', 'linux/arm64'],
    ports: [tcp(3306)],
    variables: [
      requiredSecret('MARIADB_ROOT_PASSWORD', 'Password of the superuser root'),
      optional('MARIADB_DATABASE', 'Database made at the first start'),
      optional('MARIADB_USER', 'User made at the first start, owner of that database'),
      optionalSecret('MARIADB_PASSWORD', 'Password of that user'),
      // The image reads the names of MySQL as well.
      optionalSecret('MYSQL_ROOT_PASSWORD', 'Older name of MARIADB_ROOT_PASSWORD'),
      optionalSecret('MYSQL_PASSWORD', 'Older name of MARIADB_PASSWORD'),
    ],
    dataPath: '/var/lib/mysql',
    stableStorage: true,
    userId: 999,
    healthCheck: { command: ['mariadb-admin', 'ping', '-h', '127.0.0.1'], initialDelaySeconds: 5, periodSeconds: 10 },
    cpu: { request: '250m', limit: '1' },
    memory: { request: '256Mi', limit: '512Mi' },
  },
  {
    name: 'postgresql',
    title: 'PostgreSQL',
    description: 'Relational database.',
    kind: 'database',
    image: 'docker.io/library/postgres:17.4',
    platforms: ['linux/amd64', 'linux/arm64', 'linux/arm/v7'],
    ports: [tcp(5432)],
    variables: [
      requiredSecret('POSTGRES_PASSWORD', 'Password of the superuser'),
      optional('POSTGRES_USER', 'Name of the superuser; postgres where none is given'),
      optional('POSTGRES_DB', 'Database made at the first start; named like the superuser where none is given'),
      optional('POSTGRES_INITDB_ARGS', 'Arguments for initdb'),
    ],
    dataPath: '/var/lib/postgresql/data',
    stableStorage: true,
    healthCheck: { command: ['pg_isready', '-h', '127.0.0.1'], initialDelaySeconds: 5, periodSeconds: 10 },
    cpu: { request: '250m', limit: '1' },
    memory: { request: '256Mi', limit: '512Mi' },
  },
  {
    name: 'redis',
    title: 'Redis',
    description: 'In-memory store. For a password give the args --requirepass $(REDIS_PASSWORD) beside the variable.',
    kind: 'cache',
    image: 'docker.io/library/redis:7.4.2',
    platforms: ['linux/amd64', 'linux/arm64', 'linux/arm/v7'],
    ports: [tcp(6379)],
    variables: [optionalSecret('REDIS_PASSWORD', 'Password, where the args use it')],
    dataPath: '/data',
    stableStorage: true,
    userId: 999,
    cpu: { request: '100m', limit: '500m' },
    memory: { request: '64Mi', limit: '256Mi' },
  },
  {
    name: 'nginx',
    title: 'Nginx',
    description: 'Web server and reverse proxy.',
    kind: 'web-server',
    image: 'docker.io/library/nginx:1.28.0',
    platforms: ['linux/amd64', 'linux/arm64', 'linux/arm/v7'],
    ports: [tcp(80)],
    variables: [
      optional('NGINX_HOST', 'For templates in /etc/nginx/templates'),
      optional('NGINX_PORT', 'For templates in /etc/nginx/templates'),
    ],
    cpu: { request: '50m', limit: '500m' },
    memory: { request: '32Mi', limit: '128Mi' },
  },
];

const byName: ReadonlyMap<string, Preset> = new Map(presets.map((preset) => [preset.name, preset]));

/** The preset of that name, if there is one. */
export function presetNamed(name: string): Preset | undefined {
  return byName.get(name);
}

function tcp(port: number): PortPair {
  return { internal: port, external: port, protocol: 'TCP' };
}

function requiredSecret(key: string, title: string): PresetVariable {
  return { key, title, required: true, secret: true };
}

function optionalSecret(key: string, title: string): PresetVariable {
  return { key, title, required: false, secret: true };
}

function optional(key: string, title: string): PresetVariable {
  return { key, title, required: false, secret: false };
}
