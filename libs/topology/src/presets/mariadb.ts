import { optional, optionalSecret, type Preset, requiredSecret, tcp } from './preset';

export const mariadb: Preset = {
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
};
