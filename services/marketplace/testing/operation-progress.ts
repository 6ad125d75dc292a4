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
  let lastEventId = '';
  for (let comebacks = 0; ; comebacks++) {
    const { status, body } = await user.request('GET', `/v1/operations/${operationId}/events`, undefined, {
      accept: 'text/event-stream',
      ...(lastEventId !== '' && { 'last-event-id': lastEventId }),
    });
    if (status !== 200) throw new Error(`a listener to ${operationId} was answered ${status} ${JSON.stringify(body)}`);
    // The rest after the last empty line is a message that was cut off.
    for (const message of (body as string).split('\n\n').slice(0, -1)) {
      const type = /^event: (.*)$/m.exec(message)?.[1];
      lastEventId = /^id: (.*)$/m.exec(message)?.[1] ?? lastEventId;
      if (type === undefined || type === 'heartbeat') continue;
      ids.push(lastEventId);
      types.push(type);
    }
    if (ends.includes(types.at(-1) ?? '')) return { types, ids, comebacks };
  }
}
