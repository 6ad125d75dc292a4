/** What a provider, or the way to it, answered instead of doing what it was asked for. */
export abstract class ProviderError extends Error {
  abstract readonly code: string;
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** It won't do that, and asking again does not help. Nothing was made. */
export class RequestRejected extends ProviderError {
  readonly code = 'rejected';
}

/** It may have been done, or half of it, or not at all. What was to be made has to be undone. */
export class OutcomeUnknown extends ProviderError {
  readonly code = 'outcome-unknown';
}

/** It was not done, and the same call may succeed later. */
export class TryLater extends ProviderError {
  readonly code = 'try-later';
  constructor(
    message: string,
    /** Milliseconds, where the provider says so. */
    readonly retryAfterMs?: number,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
