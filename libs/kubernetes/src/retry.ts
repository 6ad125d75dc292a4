import { Conflict, type KubernetesError, Interrupted, Throttled } from './errors';

/** How often a call that is told to slow down is made again, and one that went wrong on its way. */
const MAX_THROTTLED = 4;
const MAX_INTERRUPTED = 2;
const MAX_RETRY_AFTER_MS = 30_000;
const FIRST_PAUSE_MS = 100;

export interface Failure {
  readonly error: KubernetesError;
  /** Header of the answer, where there was one. */
  readonly retryAfter?: string | undefined;
  /** How often this call has failed before. */
  readonly attempt: number;
  /** The call states no version, so a conflict is a race that the server has lost, not one that its caller has. */
  readonly unconditional: boolean;
}

export interface Again {
  readonly afterMs: number;
  /** The server asked for it: others wait, too. */
  readonly everybody: boolean;
}

/**
 * Whether a call is made again right away. All calls here may be repeated: they say how things are to be, not what is to be done. A call
 * that got no answer in time, or found nobody, is left to its caller, who looks at the cluster again before the next one.
 *
 *     429, or 5xx with Retry-After    as long as that says (a second without), at most four times
 *     5xx, broken connection          after 0.1 s, 0.2 s and some chance, at most twice
 *     409                             the same, if it states no version or uid
 */
export function again({ error, retryAfter, attempt, unconditional }: Failure): Again | undefined {
  if (error instanceof Throttled || (error instanceof Interrupted && retryAfter !== undefined))
    return attempt < MAX_THROTTLED ? { afterMs: retryAfterMs(retryAfter), everybody: true } : undefined;
  if (!(error instanceof Interrupted || (error instanceof Conflict && unconditional))) return undefined;
  return attempt < MAX_INTERRUPTED
    ? { afterMs: FIRST_PAUSE_MS * 2 ** attempt * (0.5 + Math.random()), everybody: false }
    : undefined;
}

/** Seconds or an HTTP date; a second where the server does not say. */
export function retryAfterMs(header: string | undefined): number {
  if (header === undefined) return 1000;
  const seconds = Number(header);
  const ms = Number.isNaN(seconds) ? Date.parse(header) - Date.now() : seconds * 1000;
  return Math.min(MAX_RETRY_AFTER_MS, Math.max(0, Number.isNaN(ms) ? 1000 : ms));
}
