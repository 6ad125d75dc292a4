// One of several processes that contend for the revisions of the same streams over EventStoreDB, told by its arguments: connection string, name,
// writers, streams, revisions of each, commands of each writer. What it has won it prints at once, and once more from the answer to the same question:
//   won <stream> <revision> <event> <position>
//   again <stream> <revision> <event> <position>
import { createRequire } from 'node:module';
import { writeSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

const require = createRequire(import.meta.url);
const { openEventStoreDb } = require('../../dist/libs/event-store/src/index.js');
const { contestCounter } = require('../../dist/libs/event-sourcing/testing/index.js');
const { CommandHandler, derivedUuid, WrongExpectedRevision } = require('../../dist/libs/event-sourcing/src/index.js');

const [connectionString, name, ...sizes] = process.argv.slice(2);
const [writers, streams, revisions, commands] = sizes.map(Number);
/** Between two attempts that got no answer, in milliseconds. */
const PAUSE = 50;

const store = await openEventStoreDb({ connectionString, attemptTimeoutMs: 1_000, appendTimeoutMs: 3_000, readTimeoutMs: 2_000 });
for (let n = 0; n < streams; n++) await contendForRevisions(`contest-${n}`);
await Promise.all(Array.from({ length: writers }, (_, writer) => sendCommands(writer)));
writeSync(1, 'end\n');
process.exit(0);

/** All writers of this process want every revision. Whoever gets no answer asks again, with the same events. */
async function contendForRevisions(stream) {
  for (let head = -1; head < revisions - 1; head++) {
    const wants = async (_, writer) => {
      const id = derivedUuid(stream, head, `${name}-${writer}`);
      const ask = () => answered(() => store.append(stream, head < 0 ? 'no-stream' : head, [eventOf(id)]));
      const result = await ask();
      if (result instanceof WrongExpectedRevision) return;
      print('won', stream, result.revision, id, result.position);
      const again = await ask();
      print('again', stream, again.revision, id, again.position);
    };
    await Promise.all(Array.from({ length: writers }, wants));
  }
}

async function sendCommands(writer) {
  const handler = new CommandHandler(store);
  for (let i = 0; i < commands; i++) {
    const commandId = `${name}-${writer}-${i}`;
    const context = { commandId, correlationId: commandId, causationId: commandId, actor: { kind: 'system', id: 'contest' } };
    for (const kind of ['won', 'again']) {
      const { events } = await untilDone(() => handler.handle(contestCounter, '1', { by: commandId }, context));
      print(kind, 'contestCounter-1', events[0].revision, events[0].id, events[0].position);
    }
  }
}

function eventOf(id) {
  const metadata = {
    commandId: id,
    correlationId: id,
    causationId: id,
    actor: { kind: 'system', id: 'contest' },
    tenants: [],
    schemaVersion: 1,
  };
  return { id, type: 'ContestCounted', data: { by: id }, metadata };
}

/** The result, or that somebody else was faster. */
async function answered(ask) {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (error instanceof WrongExpectedRevision) return error;
      if (!error.retryable) throw error;
      await delay(PAUSE);
    }
  }
}

/** Beaten more often than the handler tries, it sends its command again, as any client would. */
async function untilDone(send) {
  for (;;) {
    const result = await answered(send);
    if (!(result instanceof WrongExpectedRevision)) return result;
  }
}

function print(...words) {
  writeSync(1, `${words.join(' ')}\n`);
}
