import { StoreFull } from '@souk/event-sourcing';
import { sampleEvent } from '@souk/event-sourcing/testing';
import { LmdbEventStore } from '@souk/event-store';
import { writeSync } from 'node:fs';

/**
 * Eight writers until the disk is full; prints `ack <id>` for each append, then `full`. When a line comes in, it appends once more and prints
 * `again <revision>` and what the store holds: `holds <id>` in order. Argument: folder.
 */
async function main(): Promise<void> {
  const store = await LmdbEventStore.open({ directory: process.argv[2]! });
  const write = async (stream: string): Promise<void> => {
    for (let revision = -1; ; revision++) {
      const event = sampleEvent({ data: { text: 'x'.repeat(20_000) } });
      await store.append(stream, revision < 0 ? 'no-stream' : revision, [event]);
      writeSync(1, `ack ${event.id}\n`);
    }
  };
  const ends = await Promise.allSettled(Array.from({ length: 8 }, (_, i) => write(`writer-${i}`)));
  for (const end of ends) if (end.status === 'rejected' && !(end.reason instanceof StoreFull)) throw end.reason;
  writeSync(1, 'full\n');

  process.stdin.once('data', () => {
    void (async () => {
      const { revision } = await store.append('later-1', 'no-stream', [sampleEvent()]);
      for await (const { id } of store.readAll()) writeSync(1, `holds ${id}\n`);
      writeSync(1, `again ${revision}\n`);
      await store.close();
      process.stdin.destroy();
    })();
  });
}

void main();
