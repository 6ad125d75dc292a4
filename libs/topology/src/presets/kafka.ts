import { given, type Preset, tcp } from './preset';

/**
 * One node that is broker and controller (KRaft). As soon as one of its variables is set, the image takes nothing else for granted, so all of them
 * stand here.
 */
export const kafka: Preset = {
  name: 'kafka',
  title: 'Kafka',
  description:
    'Event log. One broker, which is its own controller (KRaft); clients of the instance reach it under its service name.',
  kind: 'message-broker',
  image: 'docker.io/apache/kafka:3.9.0',
  platforms: ['linux/amd64', 'linux/arm64'],
  ports: [tcp(9092)],
  variables: [
    given('KAFKA_NODE_ID', '1', 'Number of the node'),
    given('KAFKA_PROCESS_ROLES', 'broker,controller', 'What the node does'),
    given('KAFKA_LISTENERS', 'PLAINTEXT://:9092,CONTROLLER://:9093', 'Where it listens'),
    given(
      'KAFKA_ADVERTISED_LISTENERS',
      'PLAINTEXT://{serviceName}:9092',
      'Where clients are sent: service name and external port',
    ),
    given('KAFKA_CONTROLLER_LISTENER_NAMES', 'CONTROLLER', 'Listener of the controller'),
    given('KAFKA_LISTENER_SECURITY_PROTOCOL_MAP', 'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT', 'Protocols of the listeners'),
    given('KAFKA_CONTROLLER_QUORUM_VOTERS', '1@localhost:9093', 'The controllers: itself'),
    given('KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR', '1', 'Copies of the offsets'),
    given('KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR', '1', 'Copies of the state of transactions'),
    given('KAFKA_TRANSACTION_STATE_LOG_MIN_ISR', '1', 'Copies of it that have to be in step'),
    given('KAFKA_LOG_DIRS', '/var/lib/kafka/data', 'Where the data lie'),
  ],
  dataPath: '/var/lib/kafka/data',
  stableStorage: true,
  userId: 1000,
  healthCheck: { tcp: { port: 9092 }, initialDelaySeconds: 10, periodSeconds: 10 },
  cpu: { request: '250m', limit: '1' },
  memory: { request: '768Mi', limit: '1536Mi' },
};
