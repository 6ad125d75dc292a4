import type { AnyBulkWriteOperation, BulkWriteResult, Collection, Document, MongoBulkWriteError } from 'mongodb';
import { isDuplicateKey } from './mongo-failure';

/**
 * Does all the operations, in no particular order, and answers how many have found or made their document. An insert whose key is taken has
 * not, and is no error: whoever asks for it wants to know.
 * @throws what the driver throws
 */
export async function writeAll<Doc extends Document>(
  collection: Collection<Doc>,
  operations: readonly AnyBulkWriteOperation<Doc>[],
): Promise<number> {
  if (operations.length === 0) return 0;
  try {
    return applied(await collection.bulkWrite(operations, { ordered: false }));
  } catch (error) {
    if (!isBulkError(error) || !hasDuplicatesOnly(error)) throw error;
    return applied(error.result);
  }
}

function applied({ insertedCount, upsertedCount, matchedCount, deletedCount }: BulkWriteResult): number {
  return insertedCount + upsertedCount + matchedCount + deletedCount;
}

function isBulkError(error: unknown): error is MongoBulkWriteError {
  return error instanceof Error && error.name === 'MongoBulkWriteError';
}

/** Also of those that found their document it has to be sure that the majority has them. */
function hasDuplicatesOnly({ writeErrors, result }: MongoBulkWriteError): boolean {
  const errors = [writeErrors].flat();
  return errors.length > 0 && result.getWriteConcernError() === undefined && errors.every(isDuplicateKey);
}
