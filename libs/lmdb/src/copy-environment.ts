import { mkdir } from 'node:fs/promises';
import { open } from 'lmdb';
import { commitFailure } from './commit-failure';

/**
 * Copies an environment as of one moment into an empty folder (made where there is none), also while another process writes to it: a
 * reader's snapshot, without free pages. Neither waits for the other.
 * @throws StorageFull, StorageFailed; what LMDB says of a folder that holds no environment
 */
export async function copyEnvironment(folder: string, into: string): Promise<void> {
  await mkdir(into, { recursive: true, mode: 0o700 });
  const source = open<unknown>(folder, { encoding: 'binary', noSubdir: false, readOnly: true });
  try {
    await source.backup(into, true);
  } catch (error) {
    throw await commitFailure(into, error);
  } finally {
    await source.close();
  }
}
