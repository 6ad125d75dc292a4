import { AsyncLocalStorage } from 'node:async_hooks';

/** The call that is being served. Calls that are made meanwhile belong to it. */
export interface CallScope {
  readonly requestId: string;
  /** By the monotonic clock, in milliseconds: nobody waits for an answer after it. */
  readonly until: number;
}

const scopes = new AsyncLocalStorage<CallScope>();

export const inScope = <T>(scope: CallScope, work: () => T): T => scopes.run(scope, work);
export const currentScope = (): CallScope | undefined => scopes.getStore();
