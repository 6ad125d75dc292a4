import { StoreLocked } from '@souk/lmdb';
import { FolderLock } from '../src/folder-lock';

// Takes the lock of a folder, says so, and holds it until its standard input ends.
try {
  const lock = FolderLock.take(process.argv[2]!);
  console.log('held');
  process.stdin.on('end', () => lock.release()).resume();
} catch (error) {
  if (!(error instanceof StoreLocked)) throw error;
  console.log('locked');
}
