import { type Preset, required, requiredSecret, tcp } from './preset';

export const minio: Preset = {
  name: 'minio',
  title: 'MinIO',
  description: 'Object store that speaks the protocol of S3, with its console on port 9001.',
  kind: 'object-store',
  image: 'docker.io/minio/minio:RELEASE.2025-09-07T16-13-09Z',
  platforms: ['linux/amd64', 'linux/arm64'],
  ports: [tcp(9000), tcp(9001)],
  variables: [
    required('MINIO_ROOT_USER', 'Name of the administrator, at least 3 characters'),
    requiredSecret('MINIO_ROOT_PASSWORD', 'Password of the administrator, at least 8 characters'),
  ],
  args: ['server', '/data', '--console-address', ':9001'],
  dataPath: '/data',
  stableStorage: true,
  userId: 1000,
  healthCheck: { http: { path: '/minio/health/live', port: 9000 }, initialDelaySeconds: 5, periodSeconds: 10 },
  cpu: { request: '250m', limit: '1' },
  memory: { request: '256Mi', limit: '1Gi' },
};
