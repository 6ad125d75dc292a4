import { optional, optionalSecret, type Preset, tcp } from './preset';

export const nodeRed: Preset = {
  name: 'node-red',
  title: 'Node-RED',
  description: 'Flows between devices and services, with their editor.',
  kind: 'automation',
  image: 'docker.io/nodered/node-red:4.0.9',
  platforms: ['linux/amd64', 'linux/arm64', 'linux/arm/v7'],
  ports: [tcp(1880)],
  variables: [
    optionalSecret('NODE_RED_CREDENTIAL_SECRET', 'Key that the credentials in flows are encrypted with'),
    optional('FLOWS', 'File of the flows, in the data path; flows.json where none is given'),
    optional('TZ', 'Time zone, such as Europe/Berlin'),
  ],
  dataPath: '/data',
  stableStorage: true,
  userId: 1000,
  cpu: { request: '100m', limit: '500m' },
  memory: { request: '128Mi', limit: '512Mi' },
};
