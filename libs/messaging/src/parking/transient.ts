/** Codes of errors that say nothing about the message: the disk, the network, a neighbour that is away. */
const transientCodes = new Set([
  'insufficient-storage',
  'storage-full',
  'storage-failed',
  'storage-closed',
  'read-model-behind',
  'unreachable',
  'throttled',
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENOSPC',
  'EMFILE',
  'UND_ERR_SOCKET',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/** A cause of a cause of … is enough. */
const DEEPEST_CAUSE = 5;

/**
 * Whether this would happen to any message now, so that there is nothing about this one to look into: it says `retryable: true`, or its
 * code (or that of one of its causes) is that of a store or a neighbour that is away. `retryable: false` has the last word.
 */
export function isTransient(error: unknown): boolean {
  let cause = error;
  for (let depth = 0; depth < DEEPEST_CAUSE && typeof cause === 'object' && cause !== null; depth++) {
    const { retryable, code } = cause as { retryable?: unknown; code?: unknown };
    if (typeof retryable === 'boolean') return retryable;
    if (typeof code === 'string' && transientCodes.has(code)) return true;
    cause = (cause as { cause?: unknown }).cause;
  }
  return false;
}
