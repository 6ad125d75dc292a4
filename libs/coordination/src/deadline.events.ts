import type { DomainEvent } from '@souk/event-sourcing';

/** What is to be done at a time: a command of a service, as plain data. No secrets: it stands here for ever. */
export interface DeadlineCommand {
  readonly type: string;
  readonly data: object;
}

export type DeadlineSet = DomainEvent<
  'DeadlineSet',
  {
    readonly deadlineId: string;
    /** ISO 8601, UTC. */
    readonly dueAt: string;
    /** Whose command it is: `authorization`. */
    readonly service: string;
    readonly command: DeadlineCommand;
    /** Id of what it is about. */
    readonly about: string;
    /** Parties to it. */
    readonly tenants: readonly string[];
  }
>;

/** The command was done, at this time or later. */
export type DeadlinePassed = DomainEvent<
  'DeadlinePassed',
  { readonly deadlineId: string; readonly service: string; readonly passedAt: string }
>;

/** It is not to be done any more. */
export type DeadlineCancelled = DomainEvent<'DeadlineCancelled', { readonly deadlineId: string; readonly service: string }>;

export type DeadlineEvent = DeadlineSet | DeadlinePassed | DeadlineCancelled;
