import { writeSync } from 'node:fs';
import { LmdbEventStore } from '@souk/event-store';
import { connectMongo } from '@souk/mongo';
import { openMongoReadStore, ProjectionRunner } from '@souk/read-store';
import { balances, closed, moved, opened, toAppend } from './accounts';

/**
 * Appends moves of money and projects them into MongoDB, until it is killed; prints `seen <position>` when a commit can be read.
 * Arguments: folder of the events, URL, number of accounts.
 */
async function main(): Promise<void> {
  const [directory = '', url = '', accounts = '0'] = process.argv.slice(2);
  const events = await LmdbEventStore.open({ directory });
  const connection = await connectMongo({ url, database: 'reads' });
  const reads = await openMongoReadStore({ connection, signingKey: Buffer.alloc(32, 7) });
  const runner = new ProjectionRunner(events, reads, [balances]);
  runner.readModel(balances).changes(({ position }) => writeSync(1, `seen ${position}\n`));
  await runner.start();
  for (let n = 0; ; n++) {
    const account = n % Number(accounts);
    const happened = n % 7 === 0 ? opened('any') : n % 11 === 0 ? closed : moved(`${(n * 31) % Number(accounts)}`, 1);
    await events.append(`account-${account}`, 'any', [toAppend(happened)]);
  }
}

void main();
