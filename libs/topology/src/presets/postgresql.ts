import { optional, type Preset, requiredSecret, tcp } from './preset';

export const postgresql: Preset = {
  name: 'postgresql',
  title: 'PostgreSQL',
  description:
    'Relational database. On storage whose top directory is not empty, let PGDATA name a directory below the data path.',
  kind: 'database',
  image: 'docker.io/library/postgres:17.4',
  platforms: ['linux/amd64', 'linux/arm64', 'linux/arm/v7'],
  ports: [tcp(5432)],
  variables: [
    requiredSecret('POSTGRES_PASSWORD', 'Password of the superuser'),
    optional('POSTGRES_USER', 'Name of the superuser; postgres where none is given'),
    optional('POSTGRES_DB', 'Database made at the first start; named like the superuser where none is given'),
    optional('POSTGRES_INITDB_ARGS', 'Arguments for initdb'),
    optional('PGDATA', 'Where the database lies; the data path where none is given'),
  ],
  dataPath: '/var/lib/postgresql/data',
  stableStorage: true,
  // No userId: initdb changes the mode of the directory, which is not its own where storage is mounted. The image steps down by itself.
  // Over TCP: the server that runs during initialisation listens on its socket only.
  healthCheck: { command: ['pg_isready', '-h', '127.0.0.1'], initialDelaySeconds: 5, periodSeconds: 10 },
  cpu: { request: '250m', limit: '1' },
  memory: { request: '256Mi', limit: '512Mi' },
};
