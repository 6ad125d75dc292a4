import { DomainError } from '@souk/event-sourcing';

export class OperationUnknown extends DomainError {
  readonly code = 'operation-not-found';
  constructor(readonly operationId: string) {
    super(`there is no operation "${operationId}"`);
  }
}

/** What has ended is not changed any more; a failed one may be tried again. */
export class OperationEnded extends DomainError {
  readonly code = 'operation-ended';
  constructor(
    readonly operationId: string,
    readonly status: string,
  ) {
    super(`operation "${operationId}" has ended: ${status}`);
  }
}

export class NotOfOperation extends DomainError {
  readonly code = 'node-not-of-operation';
  constructor(
    readonly node: string,
    readonly operationId: string,
  ) {
    super(`operation "${operationId}" has no node "${node}"`);
  }
}

export class NotToOverride extends DomainError {
  readonly code = 'node-not-to-override';
  constructor(readonly node: string) {
    super(`cloud node "${node}" is not there before its provider says so: it can't be overridden`);
  }
}
