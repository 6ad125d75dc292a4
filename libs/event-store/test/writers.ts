import { derivedUuid, type EventToAppend } from '@souk/event-sourcing';
import { LmdbEventStore } from '@souk/event-store';
import { writeSync } from 'node:fs';

/**
 * Writers without end, to be killed: each goes on with its own stream and prints `ack <stream> <revision> <position>` for every append.
 * An event's id follows from its stream and revision. Each begins with its stream's last event once more, whose answer may have got lost,
 * and prints `twice` if that wrote anything. Arguments: folder, number of writers.
 */
async function main(): Promise<void> {
  const [directory = '', writers = '64'] = process.argv.slice(2);
  const store = await LmdbEventStore.open({ directory, mergeEvery: 500 });
  const write = async (stream: string): Promise<void> => {
    let next = 0;
    for await (const { revision } of store.readStream(stream, { direction: 'backwards', maxCount: 1 })) next = revision;
    if (next > 0 && !(await store.append(stream, next - 1, [event(stream, next)])).repeated)
      writeSync(1, `twice ${stream} ${next}\n`);
    for (; ; next++) {
      const { revision, position } = await store.append(stream, next === 0 ? 'no-stream' : next - 1, [event(stream, next)]);
      writeSync(1, `ack ${stream} ${revision} ${position}\n`);
    }
  };
  await Promise.all(Array.from({ length: Number(writers) }, (_, i) => write(`writer-${i}`)));
}

function event(stream: string, revision: number): EventToAppend {
  return {
    id: derivedUuid(stream, revision),
    type: 'Written',
    data: { revision, text: 'x'.repeat(100) },
    metadata: {
      commandId: `${stream}-${revision}`,
      correlationId: stream,
      causationId: stream,
      actor: { kind: 'system', id: 'writers' },
      tenants: [],
      schemaVersion: 1,
    },
  };
}

void main();
