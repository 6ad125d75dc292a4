import { given, optional, type Preset, required, requiredSecret, tcp } from './preset';

export const rabbitmq: Preset = {
  name: 'rabbitmq',
  title: 'RabbitMQ',
  description: 'Message broker for AMQP, with its management console on port 15672.',
  kind: 'message-broker',
  image: 'docker.io/library/rabbitmq:4.1.3-management',
  platforms: ['linux/amd64', 'linux/arm64', 'linux/arm/v7'],
  ports: [tcp(5672), tcp(15672)],
  variables: [
    // The user that the image makes without these may connect from the container itself only.
    required('RABBITMQ_DEFAULT_USER', 'Name of the administrator, made at the first start'),
    requiredSecret('RABBITMQ_DEFAULT_PASS', 'Password of the administrator'),
    optional('RABBITMQ_DEFAULT_VHOST', 'Virtual host made at the first start; / where none is given'),
    given('RABBITMQ_NODENAME', 'rabbit@localhost', 'Name that its data belong to: the same after every restart'),
  ],
  dataPath: '/var/lib/rabbitmq',
  stableStorage: true,
  userId: 999,
  // The tool starts a runtime of its own each time.
  healthCheck: {
    command: ['rabbitmq-diagnostics', '-q', 'ping'],
    initialDelaySeconds: 20,
    periodSeconds: 30,
    timeoutSeconds: 15,
  },
  cpu: { request: '250m', limit: '1' },
  memory: { request: '256Mi', limit: '512Mi' },
};
