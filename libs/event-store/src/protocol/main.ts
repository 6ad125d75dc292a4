import { logVerbosity, setLogVerbosity } from '@grpc/grpc-js';
import { resolve } from 'node:path';
import { LmdbEventStore } from '../lmdb-event-store';
import { type CommandOptions, isLocal, optionsFrom, USAGE } from './options';
import { serveEventStoreDb } from './serve-eventstoredb';
import type { RunningEventStoreDbServer } from './server-options';

/** `npm run eventstore`: the protocol server alone, over a folder of events. */
async function main(): Promise<void> {
  const options = optionsFrom(process.argv.slice(2));
  if (options === 'help') {
    console.log(USAGE);
    return;
  }
  // What it has to say is said below, in plain words.
  setLogVerbosity(logVerbosity.NONE);
  const { directory, ...serving } = options;
  const store = await LmdbEventStore.open({ directory });
  try {
    const server = await serveEventStoreDb({ ...serving, store, onError: (error) => console.error(error) });
    const stop = (): void => void close(server, store);
    process.once('SIGINT', stop);
    process.once('SIGTERM', stop);
    console.log(banner(options, server, store));
  } catch (error) {
    await store.close();
    throw error;
  }
}

async function close(server: RunningEventStoreDbServer, store: LmdbEventStore): Promise<void> {
  await server.close();
  await store.close();
  process.exit(0);
}

function banner(options: CommandOptions, { connectionString }: RunningEventStoreDbServer, store: LmdbEventStore): string {
  const { events, streams } = store.stats();
  const address = options.credentials ? connectionString.replace('esdb://', 'esdb://<name>:<password>@') : connectionString;
  return [
    '',
    'An event store is ready that speaks the protocol of EventStoreDB (it is none: see libs/event-store/README.md)',
    '',
    `  connect   ${address}`,
    `  data      ${resolve(options.directory)}, ${events} events in ${streams} streams`,
    `  access    ${accessOf(options)}`,
    '',
    'Ctrl-C stops it; the next start goes on where this one stopped.',
  ].join('\n');
}

function accessOf({ credentials, readOnly, host = '127.0.0.1' }: CommandOptions): string {
  const who = credentials
    ? 'those who know the credentials'
    : isLocal(host)
      ? 'everyone on this machine'
      : 'EVERYONE WHO REACHES IT';
  return readOnly ? `${who} may read, nobody may write` : `${who} may read and write`;
}

main().catch((error: unknown) => {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  console.error(code === undefined ? error : `The event store can't start: ${hintOf(error as Error, code)}`);
  process.exit(code === 'bad-usage' ? 2 : 1);
});

function hintOf({ message }: Error, code: unknown): string {
  if (code === 'store-locked') return `${message}. Stop that first, or choose another folder: --data ./other`;
  if (code === 'address-unavailable') return `${message}. Choose another one: --port 2114`;
  if (code === 'bad-usage') return `${message}\nnpm run eventstore -- --help tells the options`;
  return message;
}
