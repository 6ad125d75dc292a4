/**
 * Whether this process is the one that does what only one may do at a time: fold a read model, work on a cluster. It is asked anew right
 * before each effect; an answer that was true a moment ago is worth nothing.
 */
export interface Activity {
  held(): boolean;
  /** Calls back when it may have been gained or lost, until the answered function is called. What it is now, `held` says. */
  changes(listener: () => void): () => void;
}

/** Of a process that is known to be alone. */
export const alwaysActive: Activity = { held: () => true, changes: () => () => undefined };
