import type { AnyBulkWriteOperation, BulkWriteResult, Collection, Document, MongoBulkWriteError } from 'mongodb';
import { isDuplicateKey } from './mongo-failure';

/** The driver prepares what it is given at one go: some milliseconds of work. */
const OPERATIONS_AT_ONCE = 250;

/**
 * Does all the operations, in no particular order, and answers how many have found or made their document. An insert whose key is taken has
 * not, and is no error: whoever asks for it wants to know.
 * @throws what the driver throws
 */
export async function writeAll<Doc extends Document>(
  collection: Collection<Doc>,
  operations: readonly AnyBulkWriteOperation<Doc>[],
): Promise<number> {
  let sum = 0;
  for (let n = 0; n < operations.length; n += OPERATIONS_AT_ONCE)
    sum += await writeSome(collection, operations.slice(n, n + OPERATIONS_AT_ONCE));
  return sum;
}

async function writeSome<Doc extends Document>(
  collection: Collection<Doc>,
  operations: readonly AnyBulkWriteOperation<Doc>[],
): Promise<number> {
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
