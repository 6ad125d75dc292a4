import { LmdbEventStore, serveEventStoreDb } from '@souk/event-store';
import { writeSync } from 'node:fs';

/** A protocol server in a process of its own, to be killed and frozen; prints `serves <connection string>`. Arguments: folder, port. */
async function main(): Promise<void> {
  const [directory = '', port = '0'] = process.argv.slice(2);
  const store = await LmdbEventStore.open({ directory });
  const server = await serveEventStoreDb({ store, port: Number(port), insecure: true });
  writeSync(1, `serves ${server.connectionString}\n`);
}

void main();
