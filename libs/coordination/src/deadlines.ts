import { type CommandContext, type CommandHandler, derivedUuid } from '@souk/event-sourcing';
import { deadlineAggregate } from './deadline';
import type { DeadlineSet } from './deadline.events';

/** What is to be done when. `deadlineId` derives from the fact that carries the time. */
export interface NewDeadline extends Omit<DeadlineSet['data'], 'dueAt'> {
  readonly dueAt: Date;
}

/** On whose account: everything of a context but the id, which follows from the deadline. */
export type DeadlineContext = Omit<CommandContext, 'commandId' | 'ifMatch'>;

/**
 * Has commands of services done at a time. Law for those who use it: the due time stands in a fact of the service's own, and what reacts to that
 * fact (a consumer of its public event) sets the deadline, with an id that derives from the fact. Then nothing is lost when the process dies
 * between the two, and a fact that comes twice sets one deadline.
 */
export class Deadlines {
  constructor(private readonly commands: CommandHandler) {}

  /** A repeat does nothing. Seconds may pass between the due time and the command. @throws RangeError for no time at all */
  async set({ dueAt, ...rest }: NewDeadline, context: DeadlineContext): Promise<void> {
    const { deadlineId } = rest;
    await this.commands.handle(
      deadlineAggregate,
      deadlineId,
      { type: 'set-deadline', data: { ...rest, dueAt: dueAt.toISOString() } },
      { ...context, commandId: derivedUuid('deadline', deadlineId, 'set') },
    );
  }

  /** One that has passed, or never was, stays so. */
  async cancel(deadlineId: string, context: DeadlineContext): Promise<void> {
    await this.commands.handle(
      deadlineAggregate,
      deadlineId,
      { type: 'cancel-deadline' },
      { ...context, commandId: derivedUuid('deadline', deadlineId, 'cancel') },
    );
  }
}
