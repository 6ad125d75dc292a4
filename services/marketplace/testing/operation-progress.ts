import type { TestUser } from './marketplace.harness';

/** What was told of an operation to somebody who listened. */
export interface HeardProgress {
  readonly types: readonly string[];
  readonly ids: readonly string[];
  /** How often it was listened anew, since what was listened to had gone away. */
  readonly comebacks: number;
}

const ends = ['OperationSucceeded', 'OperationFailed', 'OperationRolledBack', 'OperationPreempted'];

/** Listens to the progress of an operation to its end, as an EventSource does: it comes back with `Last-Event-ID` as often as it is left. */
export async function hearOperation(user: TestUser, operationId: string): Promise<HeardProgress> {
  const types: string[] = [];
  const ids: string[] = [];
  for (let comebacks = 0; ; comebacks++) {
    const from = ids.length > 0 && { 'last-event-id': ids.at(-1)! };
    const { status, body } = await user.request('GET', `/v1/operations/${operationId}/events`, undefined, {
      accept: 'text/event-stream',
      ...from,
    });
    if (status !== 200) throw new Error(`a listener to ${operationId} was answered ${status} ${JSON.stringify(body)}`);
    // The rest after the last empty line is a message that was cut off.
    for (const message of (body as string).split('\n\n').slice(0, -1)) {
      const id = /^id: (.*)$/m.exec(message)?.[1];
      if (id === undefined) continue;
      ids.push(id);
      types.push(/^event: (.*)$/m.exec(message)![1]!);
    }
    if (ends.includes(types.at(-1) ?? '')) return { types, ids, comebacks };
  }
}
