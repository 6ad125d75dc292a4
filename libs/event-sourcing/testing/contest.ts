import {
  type Aggregate,
  type AppendResult,
  CommandHandler,
  type DomainEvent,
  type EventStore,
  type EventToAppend,
  WrongExpectedRevision,
} from '@souk/event-sourcing';
import { sampleEvent } from './sample-events';

export interface ContestOptions {
  readonly writers: number;
  /** Streams, one after the other, and how long each of them gets. */
  readonly streams: number;
  readonly revisions: number;
  /** From 0 (inclusive) to 1 (exclusive). */
  readonly random: () => number;
  readonly onRevision?: (outcome: ContestOutcome) => void;
}

export interface ContestOutcome {
  /** Appends, or commands, that were tried: repeats among them. */
  attempts: number;
  /** Revisions that went to somebody. */
  won: number;
  /** Revisions that nobody won, or more than one. */
  notOne: number;
  /** Repeats that did not get the original answer. */
  otherAnswers: number;
}

/** Share of the answers that get lost, so that what was asked is asked again; of these, half before the first answer is there. */
const DROPPED = 0.2;

type Answer = AppendResult | WrongExpectedRevision;

/** All writers try to have every revision of one stream; some answers get lost. */
export async function contestAppends(store: EventStore, options: ContestOptions): Promise<ContestOutcome> {
  const outcome: ContestOutcome = { attempts: 0, won: 0, notOne: 0, otherAnswers: 0 };
  const append = async (stream: string, head: number, events: readonly EventToAppend[]): Promise<Answer> => {
    outcome.attempts++;
    try {
      return await store.append(stream, head < 0 ? 'no-stream' : head, events);
    } catch (error) {
      if (error instanceof WrongExpectedRevision) return error;
      throw error;
    }
  };
  for (let n = 0; n < options.streams; n++) {
    const stream = `contest-${n}`;
    const winners: string[] = [];
    for (let head = -1; head < options.revisions - 1; head++) {
      const one = async (): Promise<string | undefined> => {
        const events = [sampleEvent()];
        const answers = await askedAgain(options.random, () => append(stream, head, events));
        if (!agree(answers, head + 1)) outcome.otherAnswers++;
        return answers[0] instanceof WrongExpectedRevision ? undefined : events[0]!.id;
      };
      const won = (await Promise.all(Array.from({ length: options.writers }, one))).filter((id) => id !== undefined);
      outcome.won++;
      if (won.length !== 1) outcome.notOne++;
      winners.push(won[0] ?? '');
      options.onRevision?.(outcome);
    }
    outcome.notOne += await differences(store, stream, winners);
  }
  return outcome;
}

/** All writers send commands to one aggregate, each until it has succeeded; some answers get lost. */
export async function contestCommands(store: EventStore, options: ContestOptions): Promise<ContestOutcome> {
  const outcome: ContestOutcome = { attempts: 0, won: 0, notOne: 0, otherAnswers: 0 };
  const handler = new CommandHandler(store);
  const each = Math.ceil(options.revisions / options.writers);
  for (let n = 0; n < options.streams; n++) {
    const winners: string[] = [];
    const send = async (commandId: string): Promise<{ readonly id: string; readonly revision: number }> => {
      for (;;) {
        outcome.attempts++;
        try {
          const context = {
            commandId,
            correlationId: commandId,
            causationId: commandId,
            actor: { kind: 'system', id: 'contest' },
          };
          const { events } = await handler.handle(contestCounter, String(n), { by: commandId }, context as never);
          return events[0]!;
        } catch (error) {
          // Beaten more often than the handler tries: sent again, as any client would.
          if (!(error instanceof WrongExpectedRevision)) throw error;
        }
      }
    };
    const write = async (writer: number): Promise<void> => {
      for (let i = 0; i < each; i++) {
        const answers = await askedAgain(options.random, () => send(`${n}-${writer}-${i}`));
        const [first, again = first] = answers;
        if (first.id !== again.id || first.revision !== again.revision) outcome.otherAnswers++;
        outcome.won++;
        if (winners[first.revision] !== undefined) outcome.notOne++;
        winners[first.revision] = first.id;
        options.onRevision?.(outcome);
      }
    };
    await Promise.all(Array.from({ length: options.writers }, (_, writer) => write(writer)));
    outcome.notOne += await differences(store, `${contestCounter.category}-${n}`, winners);
  }
  return outcome;
}

type Counted = DomainEvent<'ContestCounted', { by: string }>;

/** Whom commands of a contest are sent to. */
export const contestCounter: Aggregate<number, { readonly by: string }, Counted> = {
  category: 'contestCounter',
  eventTypes: { ContestCounted: {} },
  initial: 0,
  tenants: () => [],
  decide: ({ by }) => [{ type: 'ContestCounted', data: { by } }],
  evolve: (count) => count + 1,
};

/** The answer, and that to the same question again where the first one got lost. */
async function askedAgain<T>(random: () => number, ask: () => Promise<T>): Promise<readonly [T, T?]> {
  if (random() >= DROPPED) return [await ask()];
  if (random() < 0.5) return Promise.all([ask(), ask()]);
  return [await ask(), await ask()];
}

/** Who has won has won at that revision, however often it asks, and has written once; who has lost has lost. */
function agree([first, again = first]: readonly [Answer, Answer?], revision: number): boolean {
  if (first instanceof WrongExpectedRevision || again instanceof WrongExpectedRevision)
    return first instanceof WrongExpectedRevision && again instanceof WrongExpectedRevision;
  if (again !== first && first.repeated === again.repeated) return false;
  return first.revision === revision && again.revision === revision && first.position === again.position;
}

/** Revisions at which the stream does not hold the event of its winner. */
async function differences(store: EventStore, stream: string, winners: readonly string[]): Promise<number> {
  const stored: string[] = [];
  for await (const { id } of store.readStream(stream)) stored.push(id);
  const length = Math.max(stored.length, winners.length);
  return Array.from({ length }, (_, revision) => stored[revision] !== winners[revision]).filter(Boolean).length;
}
