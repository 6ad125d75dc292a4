/** The event store can't be reached, or did not answer in time. An append that got this may have been written: make it again with the same ids. */
export class EventStoreUnavailable extends Error {
  readonly code = 'event-store-unavailable';
  readonly retryable = true;
  constructor(what: string, options?: ErrorOptions) {
    super(`the event store does not answer: ${what}`, options);
    this.name = new.target.name;
  }
}

/** More appends wait than may. Nothing of this one was sent. */
export class EventStoreOverloaded extends Error {
  readonly code = 'event-store-overloaded';
  readonly retryable = true;
  constructor(readonly waiting: number) {
    super(`${waiting} appends wait for the event store already`);
    this.name = new.target.name;
  }
}

/** The server refuses the credentials of the connection string, or what they are used for. */
export class EventStoreAccessDenied extends Error {
  readonly code = 'event-store-access-denied';
  readonly retryable = false;
  constructor(options?: ErrorOptions) {
    super('the event store refuses the credentials of the connection string, or what was asked for with them', options);
    this.name = new.target.name;
  }
}

/** Somebody has deleted the stream for ever, by tools of EventStoreDB. Souk never does. */
export class StreamDeleted extends Error {
  readonly code = 'stream-deleted';
  readonly retryable = false;
  constructor(
    readonly stream: string,
    options?: ErrorOptions,
  ) {
    super(`the stream "${stream}" was deleted from the event store`, options);
    this.name = new.target.name;
  }
}

/** All events of one append together are more than the server takes. */
export class AppendTooLarge extends Error {
  readonly code = 'append-too-large';
  readonly retryable = false;
  constructor(
    readonly stream: string,
    options?: ErrorOptions,
  ) {
    super(`an append to "${stream}" has more bytes than the event store takes at once (its MaxAppendSize)`, options);
    this.name = new.target.name;
  }
}

/** Why a connection string can't be used. The message never quotes it: it may hold a password. */
export class InvalidConnectionString extends Error {
  readonly code = 'invalid-connection-string';
  constructor(problem: string) {
    super(`the connection string of the event store can't be used: ${problem}`);
    this.name = new.target.name;
  }
}
