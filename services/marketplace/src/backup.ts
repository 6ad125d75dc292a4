import { existsSync } from 'node:fs';
import { copyFile, mkdir, open, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { LmdbEventStore } from '@souk/event-store';
import { copyEnvironment } from '@souk/lmdb';

/** What a backup says of itself, in `backup.json`. */
export interface BackupNote {
  readonly version: string;
  /** ISO 8601. */
  readonly takenAt: string;
  /** Every event up to here is in it. */
  readonly position: string;
  readonly events: number;
  readonly bytes: number;
}

/** Why no backup was made; the message is for people. */
export class BackupRefused extends Error {
  readonly code = 'backup-refused';
}

/**
 * In this order: what is derived must never be ahead of the events, the events never ahead of the secrets they need, and none of them
 * ahead of the cluster that they tell of.
 */
const PARTS = ['read-models', 'events', 'vault', 'cluster-sim'] as const;
const ENVIRONMENTS: Record<(typeof PARTS)[number], string> = {
  'read-models': '.',
  events: '.',
  vault: '.',
  'cluster-sim': 'state',
};
/** Of the process, not of the data. */
const LEFT_OUT = /^(data\.mdb|lock\.mdb|room\.probe|owner\..*|endpoint\.json|.*\.log)$/;

/**
 * Copies a data folder, also of a marketplace that is running: everything acknowledged before the call is in the copy, which is a data
 * folder itself. It appears under its name only when it is whole, on disk, and its events could be opened.
 * @param onPart told of each part before it is copied
 * @throws BackupRefused, StorageFull
 */
export async function backUp(
  { dataDir, into, version }: { readonly dataDir: string; readonly into: string; readonly version: string },
  onPart: (part: string) => void,
): Promise<BackupNote> {
  if (!existsSync(join(dataDir, 'events', 'data.mdb'))) throw new BackupRefused(`"${dataDir}" holds no data of a marketplace`);
  if (existsSync(into)) throw new BackupRefused(`"${into}" is there already: a backup is made anew, never over another one`);
  if (!existsSync(dirname(into)))
    throw new BackupRefused(`there is no folder "${dirname(into)}": is the disk for backups mounted?`);
  if (`${into}/`.startsWith(`${dataDir}/`)) throw new BackupRefused('a backup within the data folder would be lost with it');
  const unfinished = `${into}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { recursive: true, mode: 0o700 });
  for (const part of PARTS) {
    if (!existsSync(join(dataDir, part))) continue;
    onPart(part);
    await copyPart(join(dataDir, part), join(unfinished, part), ENVIRONMENTS[part]);
  }
  for (const file of await readdir(dataDir, { withFileTypes: true }))
    if (file.isFile()) await copyFile(join(dataDir, file.name), join(unfinished, file.name));
  onPart('looking whether it can be opened');
  const note = await noteOf(unfinished, version);
  await writeFile(join(unfinished, 'backup.json'), `${JSON.stringify(note, null, 2)}\n`);
  await flush(unfinished);
  await rename(unfinished, into);
  await flush(dirname(into), { deep: false });
  return note;
}

/** The environment as of one moment, and the small files beside it. */
async function copyPart(from: string, to: string, environment: string): Promise<void> {
  await copyEnvironment(join(from, environment), join(to, environment));
  for (const file of await readdir(from, { withFileTypes: true }))
    if (file.isFile() && !LEFT_OUT.test(file.name)) await copyFile(join(from, file.name), join(to, file.name));
}

async function noteOf(folder: string, version: string): Promise<BackupNote> {
  const store = await LmdbEventStore.open({ directory: join(folder, 'events') });
  try {
    const { events } = store.stats();
    const sizes = await Promise.all(
      PARTS.map((part) =>
        stat(join(folder, part, ENVIRONMENTS[part], 'data.mdb'))
          .then(({ size }) => size)
          .catch(() => 0),
      ),
    );
    const bytes = sizes.reduce((sum, size) => sum + size, 0);
    return { version, takenAt: new Date().toISOString(), position: await store.head(), events, bytes };
  } finally {
    await store.close();
  }
}

/** Waits until files and folders are on disk. */
async function flush(folder: string, { deep } = { deep: true }): Promise<void> {
  for (const entry of deep ? await readdir(folder, { withFileTypes: true }) : []) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await flush(path);
    else await sync(path);
  }
  await sync(folder);
}

async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
