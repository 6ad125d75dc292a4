import { optional, optionalSecret, type Preset, requiredSecret, tcp } from './preset';

export const mysql: Preset = {
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
};
