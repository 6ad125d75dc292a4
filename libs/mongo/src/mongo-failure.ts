/** MongoDB did not answer, or not in time, or has no primary now. What was asked for may have happened; the same again may succeed. */
export class MongoUnavailable extends Error {
  readonly code = 'mongo-unavailable';
  readonly retryable = true;
  constructor(
    readonly database: string,
    options?: ErrorOptions,
  ) {
    const cause = options?.cause;
    super(`MongoDB (database "${database}") is away${cause instanceof Error ? `: ${cause.message}` : ''}`, options);
    this.name = new.target.name;
  }
}

/** The URL is none, or asks for what the driver does not know. It may hold a password: it is not quoted, and neither is the driver. */
export class MongoUrlUnusable extends Error {
  readonly code = 'mongo-url-unusable';
  readonly retryable = false;
  constructor() {
    super('the MongoDB URL cannot be used');
    this.name = new.target.name;
  }
}

/** Names of the driver's errors that speak of the network, of the pool, or of time. */
const awayNames = new Set([
  'MongoNetworkError',
  'MongoNetworkTimeoutError',
  'MongoServerSelectionError',
  'MongoOperationTimeoutError',
  'MongoPoolClearedError',
  'MongoPoolClosedError',
  'PoolClearedOnNetworkError',
  'MongoWaitQueueTimeoutError',
  'MongoNotConnectedError',
  'MongoServerClosedError',
  'MongoTopologyClosedError',
  'MongoClientClosedError',
  'MongoStalePrimaryError',
  'MongoWriteConcernError',
]);

/**
 * Codes of a server that steps down, shuts down, is overtaxed, has no disk, or could not have a write confirmed in time (`error_codes.yml` of
 * MongoDB's source).
 */
const awayCodes = new Set([
  6, 7, 24, 50, 63, 64, 79, 89, 91, 100, 134, 150, 189, 202, 234, 262, 317, 358, 384, 402, 462, 9001, 10058, 10107, 11600, 11602,
  13388, 13435, 13436, 14031,
]);

const DUPLICATE_KEY = 11000;

interface DriverError {
  readonly name: string;
  readonly code?: unknown;
  readonly errorLabels?: unknown;
  readonly errorResponse?: unknown;
}

/** The error as callers of this lib know it; the same one again where there is nothing to add. */
export function mongoFailure(database: string, error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { name, code, errorLabels, errorResponse } = error as DriverError;
  // Of many writes at once: what has kept them from being sent.
  if (errorResponse instanceof Error) return mongoFailure(database, errorResponse);
  const isAway = awayNames.has(name) || (typeof code === 'number' && awayCodes.has(code)) || isRetryable(errorLabels);
  return isAway ? new MongoUnavailable(database, { cause: error }) : error;
}

/** Whether a document with this key (an id) was there already; of an error, or of a part of one. */
export function isDuplicateKey(error: unknown): boolean {
  return typeof error === 'object' && error !== null && (error as DriverError).code === DUPLICATE_KEY;
}

function isRetryable(labels: unknown): boolean {
  return Array.isArray(labels) && (labels.includes('RetryableWriteError') || labels.includes('RetryableError'));
}
