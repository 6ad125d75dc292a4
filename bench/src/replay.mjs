// What the benchmarks of reading share: events as the engine writes them, how they fold, and a raw LMDB table of the same records.
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

export const eventSourcing = require('../../dist/libs/event-sourcing/src/index.js');
export const { LmdbEventStore } = require('../../dist/libs/event-store/src/index.js');
export const { LmdbReadStore } = require('../../dist/libs/read-store/src/index.js');
const { RegistryEventCodec } = require('../../dist/libs/secrets/src/index.js');
const { configurationAggregate } = require('../../dist/services/orchestration/src/domain/configuration.decide.js');
const { decodeRecord, encodeEvent, writeRecord } = require('../../dist/libs/event-store/src/record.js');

/** An event of some 500 bytes, as small facts are: a node was moved on the canvas of a configuration. */
export function newEvent(number) {
  const hex = number.toString(16).padStart(12, '0');
  const id = `0193b5c0-5b7a-8000-8000-${hex}`;
  return {
    id,
    type: 'NodeMoved',
    data: { serviceName: nodes[number % nodes.length].serviceName, position: { x: number % 1000, y: number % 777 } },
    metadata: {
      commandId: `0193b5c0-5b7a-8000-9000-${hex}`,
      correlationId: `0193b5c0-5b7a-8000-a000-${hex}`,
      causationId: id,
      actor: { kind: 'user', id: 'usr_01J00000000000000000000001', tenant: 'ten_01J00000000000000000000001', role: 'provider' },
      tenants: ['ten_01J00000000000000000000001'],
      schemaVersion: 1,
    },
  };
}

/** Twenty nodes such as an app has. */
const nodes = Array.from({ length: 20 }, (_, i) => ({
  serviceName: `node-${i}`,
  category: 'custom',
  image: `registry.example.com/shop/node-${i}:1.0.0`,
  replicas: 2,
  env: { DB_HOST: '${node.mysql.host}', DB_PASSWORD: '${secret.dbPassword}' },
  ports: [{ internal: 8080, external: 80, protocol: 'TCP' }],
}));

/** The aggregate of orchestration, but that a command is the facts that are to be written. */
export const configuration = { ...configurationAggregate, decide: (facts) => facts };

/** How a configuration of these nodes begins. */
export const beginning = [
  {
    type: 'ConfigurationCreated',
    data: { configurationId: 'cfg_1', providerTenant: 'ten_01J00000000000000000000001', name: 'Edge' },
  },
  ...nodes.map((node) => ({ type: 'NodeAdded', data: { node } })),
];

/** The codec through which services read; nothing in these events is sealed. */
export const codec = new RegistryEventCodec(undefined, [configuration]);

/** Records of the event store, each a value of a plain table of its own. */
export function openRaw(path) {
  const root = require('lmdb').open(path, { encoding: 'binary', noSync: true });
  const table = root.openDB('records', { encoding: 'binary', keyEncoding: 'uint32' });
  const generation = 'rawstore';
  return {
    put(key, stream, revision, event) {
      const encoded = encodeEvent(stream, event);
      const bytes = Buffer.allocUnsafe(encoded.bytes);
      writeRecord(encoded, revision, 1_700_000_000_000 + Math.floor(key / 100), bytes, 0);
      return table.put(key, bytes);
    },
    /** Decodes the records of a range of keys, `to` exclusive. */
    *scan(from, to) {
      for (const { key, value } of table.getRange({ start: from, end: to }))
        yield codec.decode(decodeRecord(value, 0, eventSourcing.positionOf(generation, key)));
    },
    close: () => root.close(),
  };
}
