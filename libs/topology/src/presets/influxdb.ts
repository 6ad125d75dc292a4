import { given, optional, optionalSecret, type Preset, required, requiredSecret, tcp } from './preset';

export const influxdb: Preset = {
  name: 'influxdb',
  title: 'InfluxDB',
  description: 'Database for time series (2.x), set up at the first start.',
  kind: 'database',
  image: 'docker.io/library/influxdb:2.7.12',
  platforms: ['linux/amd64', 'linux/arm64'],
  ports: [tcp(8086)],
  variables: [
    given('DOCKER_INFLUXDB_INIT_MODE', 'setup', 'What is done at the first start'),
    required('DOCKER_INFLUXDB_INIT_USERNAME', 'Name of the administrator'),
    requiredSecret('DOCKER_INFLUXDB_INIT_PASSWORD', 'Password of the administrator, at least 8 characters'),
    required('DOCKER_INFLUXDB_INIT_ORG', 'Organisation made at the first start'),
    required('DOCKER_INFLUXDB_INIT_BUCKET', 'Bucket made at the first start'),
    optionalSecret('DOCKER_INFLUXDB_INIT_ADMIN_TOKEN', 'Token of the administrator; one is generated where none is given'),
    optional(
      'DOCKER_INFLUXDB_INIT_RETENTION',
      'How long the bucket keeps what is written, such as 1w; for ever where none is given',
    ),
  ],
  dataPath: '/var/lib/influxdb2',
  stableStorage: true,
  userId: 1000,
  healthCheck: { http: { path: '/health', port: 8086 }, initialDelaySeconds: 5, periodSeconds: 10 },
  cpu: { request: '250m', limit: '1' },
  memory: { request: '256Mi', limit: '1Gi' },
};
