import { writeSync } from 'node:fs';
import { LmdbEventStore } from '@souk/event-store';
import { LmdbReadStore, ProjectionRunner } from '@souk/read-store';
import { balances, moved, opened, toAppend } from './accounts';

/**
 * Rebuilds `balances` again and again while money moves, until it is killed; prints `seen <position>` when a commit can be read, and
 * `rebuilt` after each rebuild. Arguments: folder, number of accounts.
 */
async function main(): Promise<void> {
  const [folder = '', accounts = '0'] = process.argv.slice(2);
  const events = await LmdbEventStore.open({ directory: `${folder}/events` });
  const reads = await LmdbReadStore.open({ directory: `${folder}/reads`, signingKey: Buffer.alloc(32, 7) });
  const runner = new ProjectionRunner(events, reads, [balances]);
  runner.readModel(balances).changes(({ position }) => writeSync(1, `seen ${position}\n`));
  await runner.start();
  const rebuildForEver = async (): Promise<void> => {
    for (let n = 0; ; n++) writeSync(1, `rebuilt ${(await runner.rebuild('balances', `${n}`).finished).status}\n`);
  };
  void rebuildForEver();
  for (let n = 0; ; n = (n + 1) % Number(accounts))
    await events.append(`account-${n}`, 'any', [
      toAppend(n % 7 === 0 ? opened('any') : moved(`${(n * 31) % Number(accounts)}`, 1)),
    ]);
}

void main();
