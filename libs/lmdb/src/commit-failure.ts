import { closeSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { StorageFailed, StorageFull } from './storage-error';

const MDB_MAP_FULL = -30792;
const EIO = 5;
/** ENOSPC, EDQUOT (quota), EFBIG (limit of one file), as errno and as names. */
const fullCodes = new Set<unknown>([28, 122, 27, MDB_MAP_FULL, 'ENOSPC', 'EDQUOT', 'EFBIG']);

/** What the caller should see of an error from LMDB: a typed one for a failed commit, any other as it is. */
export async function commitFailure(folder: string, error: unknown): Promise<unknown> {
  const cause = await causeOf(error);
  const code = codeOf(cause);
  if (fullCodes.has(code)) return new StorageFull(folder, { cause });
  if (typeof code !== 'number') return cause;
  // A disk with room for a part of the pages makes a short write, which LMDB calls an I/O error.
  if (code === EIO && !hasRoom(folder)) return new StorageFull(folder, { cause });
  return new StorageFailed(folder, { cause });
}

async function causeOf(error: unknown): Promise<unknown> {
  if (!(error instanceof Error) || !('commitError' in error)) return error;
  try {
    await error.commitError;
    return error;
  } catch (cause) {
    return cause;
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

const PROBE_BYTES = 1 << 20;

/** Whether a file as long as the data could still grow by a megabyte. */
export function hasRoom(folder: string): boolean {
  const probe = join(folder, 'room.probe');
  try {
    const file = openSync(probe, 'w');
    try {
      const bytes = Buffer.alloc(PROBE_BYTES);
      const at = statSync(join(folder, 'data.mdb')).size;
      for (let done = 0; done < bytes.length;) done += writeSync(file, bytes, done, bytes.length - done, at + done);
    } finally {
      closeSync(file);
    }
    return true;
  } catch (error) {
    return !fullCodes.has(codeOf(error));
  } finally {
    rmSync(probe, { force: true });
  }
}
