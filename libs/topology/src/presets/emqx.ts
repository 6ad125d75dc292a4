import { given, optional, type Preset, requiredSecret, tcp } from './preset';

export const emqx: Preset = {
  name: 'emqx',
  title: 'EMQX',
  description: 'Message broker for MQTT: TCP 1883, TLS 8883, WebSocket 8083 and 8084; dashboard and REST API on port 18083.',
  kind: 'message-broker',
  image: 'docker.io/emqx/emqx:5.8.8',
  platforms: ['linux/amd64', 'linux/arm64'],
  ports: [tcp(1883), tcp(8883), tcp(8083), tcp(8084), tcp(18083)],
  variables: [
    // Without it the dashboard has a password that everybody knows.
    requiredSecret('EMQX_DASHBOARD__DEFAULT_PASSWORD', 'Password of the administrator of the dashboard'),
    optional('EMQX_DASHBOARD__DEFAULT_USERNAME', 'Name of that administrator; admin where none is given'),
    given('EMQX_NODE__NAME', 'emqx@127.0.0.1', 'Name that its data belong to: the same after every restart'),
  ],
  dataPath: '/opt/emqx/data',
  stableStorage: true,
  userId: 1000,
  healthCheck: { http: { path: '/status', port: 18083 }, initialDelaySeconds: 10, periodSeconds: 10 },
  cpu: { request: '250m', limit: '1' },
  memory: { request: '256Mi', limit: '1Gi' },
};
