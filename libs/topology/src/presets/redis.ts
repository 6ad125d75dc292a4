import { optionalSecret, type Preset, tcp } from './preset';

export const redis: Preset = {
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
};
