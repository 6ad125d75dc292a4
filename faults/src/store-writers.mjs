// Sixty-four writers on an event store, to be killed. Argument: the folder. For every append it prints
// `<stream> <number of the append> <events> <revision> <position>` when it was acknowledged, and `twice …` where a repeat was written again.
import { createRequire } from 'node:module';
import { writeSync } from 'node:fs';
import { appendOf, WRITERS } from './store-appends.mjs';

const require = createRequire(import.meta.url);
const { LmdbEventStore } = require('../../dist/libs/event-store/src/index.js');
const { armFailpoints } = require('../../dist/libs/failpoints/src/index.js');

armFailpoints(process.env.SOUK_FAILPOINTS);
// A merge every so often, so that kills come in its middle as well.
const store = await LmdbEventStore.open({ directory: process.argv[2], mergeEvery: 500 });
writeSync(1, 'open\n');
await Promise.all(Array.from({ length: WRITERS }, (_, i) => write(`writer-${i}`)));

async function write(stream) {
  let number = 0;
  let revision = -1;
  for await (const last of store.readStream(stream, { direction: 'backwards', maxCount: 1 })) {
    number = last.data.append + 1;
    revision = last.revision;
  }
  // The answer to the last one may have got lost: it is sent again.
  if (number > 0) {
    const events = appendOf(stream, number - 1);
    const { repeated } = await store.append(stream, expected(revision - events.length), events);
    if (!repeated) writeSync(1, `twice ${stream} ${number - 1}\n`);
  }
  for (; ; number++) {
    const events = appendOf(stream, number);
    const result = await store.append(stream, expected(revision), events);
    revision = result.revision;
    writeSync(1, `ack ${stream} ${number} ${events.length} ${revision} ${result.position}\n`);
  }
}

function expected(revision) {
  return revision < 0 ? 'no-stream' : revision;
}
