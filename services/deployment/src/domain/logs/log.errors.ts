import { DomainError } from '@souk/event-sourcing';

/** Unknown instance, wrong token, deleted instance: all alike. */
export class LogsRefused extends DomainError {
  readonly code = 'unauthenticated';
  constructor() {
    super('a bearer token of an instance is needed, as its log collectors have it');
  }
}

export class TooManyLogs extends DomainError {
  readonly code = 'too-many-logs';
  constructor(readonly instanceId: string) {
    super(`instance "${instanceId}" writes more logs than are taken: send them again later`);
  }
}

/** In one request: what takes a turn of everybody is bounded, whatever its bytes. */
export class TooManyLogRecords extends DomainError {
  readonly code = 'too-many-log-records';
  constructor(most: number) {
    super(`a request has at most ${most} records: send them in several`);
  }
}

/** Logs that one tenant reads as they come. */
export class TooManyLogStreams extends DomainError {
  readonly code = 'too-many-log-streams';
  constructor(most: number) {
    super(`${most} logs of your instances are being read: close one of them first`);
  }
}

/** No pod, or no container of it, or none that has printed anything yet. */
export class NoPodLog extends DomainError {
  readonly code = 'no-pod-log';
}

export type LogErrorCode = TooManyLogs['code'] | TooManyLogRecords['code'] | TooManyLogStreams['code'] | NoPodLog['code'];
