import { DomainError } from '@souk/event-sourcing';
import { type KeptLine, type LogPage, LogStore, type LogUsage } from './log-store.port';

/** This installation sends logs elsewhere, or nowhere. */
export class LogsNotKept extends DomainError {
  readonly code = 'logs-not-kept';
  constructor() {
    super('this installation keeps no logs of instances; what their pods print can be read all the same');
  }
}

/** Where nothing is kept. */
export class NoLogStore extends LogStore {
  override append(): Promise<void> {
    return Promise.reject(new LogsNotKept());
  }

  override search(): Promise<LogPage> {
    return Promise.reject(new LogsNotKept());
  }

  override follow(): AsyncGenerator<readonly KeptLine[]> {
    throw new LogsNotKept();
  }

  override usage(): LogUsage {
    throw new LogsNotKept();
  }

  override forget(): Promise<void> {
    return Promise.resolve();
  }

  override close(): Promise<void> {
    return Promise.resolve();
  }
}
