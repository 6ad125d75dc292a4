import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { measureRatios } from './src/ratio.mjs';

const require = createRequire(import.meta.url);

const EVENTS = 30_000;
const STREAMS = 2_000;
/** Messages on their way that the broker has not acknowledged. */
const WINDOW = 256;

const publication = {
  service: 'deployment',
  on: { NodeBecameReady: ({ data }) => ({ type: 'deployment.node-became-ready.v1', data }) },
};

/**
 * The relay from a start on an empty stream until the broker has acknowledged the last of 30,000 events that lie in the event store, against the
 * driver's own publish of the same bodies under the same ids, made before, to the same subjects, with as many on their way. Both have a stream of
 * their own, in files, on the same broker. After each turn every message is there, and each is linked to the one before it.
 */
export async function run({ log }) {
  const { NatsServer, withoutNats } = require('../dist/libs/messaging/testing/nats-server.js');
  if (withoutNats) throw new Error(withoutNats);
  const folder = mkdtempSync(join(tmpdir(), 'souk-bench-'));
  const server = await NatsServer.start();
  const { LmdbEventStore } = require('../dist/libs/event-store/src/index.js');
  const store = await LmdbEventStore.open({ directory: join(folder, 'events') });
  try {
    await record(store);
    const messages = await publicMessages(store);
    log(`  P11: ${EVENTS} events recorded, ${Math.round(messages[0].body.length)} bytes each as a message`);
    return await measureRatios({
      control: () => publishRaw(server, messages),
      ours: () => relay(server, store),
      figures: [{ id: 'P11', of: 'throughput', atLeast: 0.7 }],
      onRound: (a, b) =>
        log(`  P11: driver ${Math.round(a.throughput)} messages/s, relay ${Math.round(b.throughput)} messages/s`),
    });
  } finally {
    await store.close();
    await server.close();
    rmSync(folder, { recursive: true });
  }
}

async function record(store) {
  for (let n = 0; n < EVENTS; n += 1_000)
    await Promise.all(Array.from({ length: 1_000 }, (_, i) => store.append(streamOf(n + i), 'any', [newEvent(n + i)])));
}

const streamOf = (n) => `instance-ins_${String(n % STREAMS).padStart(26, '0')}`;

function newEvent(n) {
  const id = randomUUID();
  const ports = [{ port: 8080, protocol: 'TCP', nodePort: 30_000 + (n % 2_000) }];
  return {
    id,
    type: 'NodeBecameReady',
    data: { instanceId: streamOf(n).slice('instance-'.length), node: 'web', address: { host: 'web', ports } },
    metadata: {
      commandId: id,
      correlationId: id,
      causationId: id,
      actor: { kind: 'system', id: 'reconciler' },
      tenants: ['ten_00000000000000000000000001'],
      schemaVersion: 1,
    },
  };
}

async function publicMessages(store) {
  const { toPublicEvent } = require('../dist/libs/messaging/src/index.js');
  const { partitionOf } = require('../dist/libs/messaging/src/jetstream/wire.js');
  const messages = [];
  for await (const event of store.readAll()) {
    const message = toPublicEvent(publication, event);
    messages.push({ id: event.id, partition: partitionOf(event.stream), body: Buffer.from(JSON.stringify(message)) });
  }
  return messages;
}

async function publishRaw(server, messages) {
  const name = `raw-${randomUUID()}`;
  const { connect } = require('nats');
  const begun = performance.now();
  const connection = await connect({ servers: server.url });
  const manager = await connection.jetstreamManager();
  await manager.streams.add({ name: name.toUpperCase(), subjects: [`${name}.>`] });
  const jetstream = connection.jetstream();
  let next = 0;
  const work = async () => {
    while (next < messages.length) {
      const { id, partition, body } = messages[next++];
      await jetstream.publish(`${name}.deployment.${partition}`, body, { msgID: id });
    }
  };
  await Promise.all(Array.from({ length: WINDOW }, work));
  const throughput = (messages.length / (performance.now() - begun)) * 1_000;
  await manager.streams.delete(name.toUpperCase());
  await connection.close();
  return { throughput };
}

async function relay(server, store) {
  const { openJetStreamBus } = require('../dist/libs/messaging/src/index.js');
  const installation = `ours-${randomUUID()}`;
  const values = new Map();
  const bus = await openJetStreamBus({
    servers: server.url,
    installation,
    window: WINDOW,
    eventStore: store,
    readStore: {
      getValue: async (key) => values.get(key),
      putValues: async (all) => Object.entries(all).forEach(([key, value]) => values.set(key, value)),
    },
    parked: { waitFor: async () => undefined, query: async () => ({ items: [] }) },
  });
  bus.publish(publication);
  const head = await store.head();
  const begun = performance.now();
  await bus.start();
  await bus.settled(head);
  const throughput = (EVENTS / (performance.now() - begun)) * 1_000;
  await bus.stop();
  await assertWhole(server, installation);
  return { throughput };
}

/** Reads the stream back. @throws Error for a gap, and for a message that is there twice */
async function assertWhole(server, installation) {
  const { connect } = require('nats');
  const connection = await connect({ servers: server.url });
  try {
    const stream = installation.toUpperCase();
    const manager = await connection.jetstreamManager();
    const consumer = await connection.jetstream().consumers.get(stream);
    const last = new Map();
    let count = 0;
    for await (const message of await consumer.consume({ max_messages: 1_000 })) {
      if ((last.get(message.subject) ?? '') !== message.headers.get('Souk-Previous'))
        throw new Error(`a gap in ${message.subject} at message ${message.seq}`);
      last.set(message.subject, message.headers.get('Souk-Position'));
      if (++count === EVENTS) break;
    }
    const { state } = await manager.streams.info(stream);
    if (state.messages !== EVENTS) throw new Error(`${state.messages} messages of ${EVENTS} events`);
    await manager.streams.delete(stream);
  } finally {
    await connection.close();
  }
}
