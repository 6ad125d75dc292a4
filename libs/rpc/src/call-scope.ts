import { AsyncLocalStorage } from 'node:async_hooks';

/** The call that is being served. Calls that are made meanwhile belong to it. */
export interface CallScope {
  readonly requestId: string;
  /** By the monotonic clock, in milliseconds: nobody waits for an answer after it. */
  readonly until: number;
}

const scopes = new AsyncLocalStorage<CallScope & { ended: boolean }>();

/** What a call has set going, and goes on after its answer, belongs to no call any more. */
export function inScope<T>(scope: CallScope, work: () => Promise<T>): Promise<T> {
  const running = { ...scope, ended: false };
  return scopes.run(running, () => work().finally(() => (running.ended = true)));
}

export function currentScope(): CallScope | undefined {
  const scope = scopes.getStore();
  return scope?.ended ? undefined : scope;
}
