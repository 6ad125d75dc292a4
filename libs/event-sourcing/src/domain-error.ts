/** One thing that is wrong with an input: where (RFC 6901 JSON pointer), a stable code, and a sentence that quotes the values. */
export interface Problem {
  readonly code: string;
  readonly pointer: string;
  readonly message: string;
}

/**
 * A command refused by the rules. Knows no HTTP: each edge has a complete table from `code` to status.
 * Subclasses set a literal `code`, and a message that quotes the values.
 */
export abstract class DomainError extends Error {
  abstract readonly code: string;
  /** All problems at once, where there is more than one thing to say. */
  readonly problems?: readonly Problem[];
  constructor(message: string) {
    super(message);
    this.name = new.target.name;
  }
}
