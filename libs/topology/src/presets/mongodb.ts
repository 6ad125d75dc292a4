import { optional, type Preset, required, requiredSecret, tcp } from './preset';

export const mongodb: Preset = {
  name: 'mongodb',
  title: 'MongoDB',
  description: 'Document database. On amd64 its host needs AVX.',
  kind: 'database',
  image: 'docker.io/library/mongo:8.0.12',
  platforms: ['linux/amd64', 'linux/arm64'],
  ports: [tcp(27017)],
  variables: [
    required('MONGO_INITDB_ROOT_USERNAME', 'Name of the superuser, made at the first start'),
    requiredSecret('MONGO_INITDB_ROOT_PASSWORD', 'Password of the superuser'),
    optional('MONGO_INITDB_DATABASE', 'Database that scripts in /docker-entrypoint-initdb.d run in'),
  ],
  dataPath: '/data/db',
  stableStorage: true,
  userId: 999,
  // TCP will do: the server that runs during initialisation listens on 127.0.0.1 only.
  cpu: { request: '250m', limit: '1' },
  memory: { request: '512Mi', limit: '1Gi' },
};
