import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const { derivedUuid } = require('../../dist/libs/event-sourcing/src/index.js');

export const WRITERS = 64;

/** The events of a writer's n-th append: one to three of them, which follow from stream and number alone. */
export function appendOf(stream, number) {
  const count = 1 + ((number * 7 + Number(stream.slice('writer-'.length))) % 3);
  return Array.from({ length: count }, (_, index) => ({
    id: derivedUuid(stream, number, index),
    type: 'Written',
    data: { append: number, index, count, text: 'x'.repeat(50 + ((number * 31) % 200)) },
    metadata: {
      commandId: `${stream}-${number}`,
      correlationId: stream,
      causationId: stream,
      actor: { kind: 'system', id: 'writers' },
      tenants: [],
      schemaVersion: 1,
    },
  }));
}
