import { writeSync } from 'node:fs';
import { openEnvironment, SMALL, StorageFull } from '@souk/lmdb';

/**
 * Writes entries of a table one after the other and prints `ack <n>` when one is acknowledged; `full` where the disk takes no more. When a
 * line comes in, it tries once more and prints `again` and the keys that it has. Arguments: folder, durability, bytes of a value, how many,
 * and `blind` for blind writes.
 */
async function main(): Promise<void> {
  const [folder = '', durability = 'flushed', bytes = '0', count = '1000000', kind = ''] = process.argv.slice(2);
  const environment = await openEnvironment(folder, { durability: durability as 'flushed' | 'ordered' });
  const log = environment.openTable<number, string>('log', { encoding: 'text' });
  const value = (n: number): string => `value ${n}`.padEnd(Number(bytes));
  try {
    for (let n = 0; n < Number(count); n++) {
      if (kind === 'blind') await environment.writeBlind(() => log.put(n, value(n)), SMALL);
      else await environment.write(() => log.put(n, value(n)));
      writeSync(1, `ack ${n}\n`);
    }
  } catch (error) {
    if (!(error instanceof StorageFull)) throw error;
    writeSync(1, `full ${environment.isFull()}\n`);
    await new Promise((resolve) => process.stdin.once('data', resolve));
    await environment.write(() => log.put(-1, value(-1)));
    writeSync(1, `again ${environment.isFull()} ${[...log.keys()].join(' ')}\n`);
    process.stdin.destroy();
  }
  await environment.close();
}

void main();
