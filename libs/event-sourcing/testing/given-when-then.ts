import { type Decider, type DomainError, type DomainEvent, fold } from '@souk/event-sourcing';

type ErrorClass = new (...args: never[]) => DomainError;

/** What follows from a command. Each of these is the whole assertion of a spec. */
export interface Outcome<Event extends DomainEvent> {
  /** Exactly these events, in this order; and folding them in does not fail. */
  then(...events: readonly Event[]): void;
  /** Refused with an error of that class. */
  thenRefused(error: ErrorClass): void;
  /** Neither events nor a refusal: a repeat. */
  thenNothing(): void;
}

/**
 * A sentence about a decider: `given(decider, ...past).when(command).then(...events)`.
 * The rules run in `then…`, so that a command may be built where it is read.
 */
export function given<State, Command, Event extends DomainEvent>(
  decider: Decider<State, Command, Event>,
  ...events: readonly Event[]
): { when(command: Command): Outcome<Event> } {
  return {
    when: (command) => {
      const decide = (): readonly Event[] => decider.decide(command, fold(decider, events));
      return {
        then: (...expected) => {
          const facts = decide();
          expect(facts).toEqual(expected);
          expect(() => fold(decider, [...events, ...facts])).not.toThrow();
        },
        thenRefused: (error) => {
          expect(decide).toThrow(error);
        },
        thenNothing: () => {
          expect(decide()).toEqual([]);
        },
      };
    },
  };
}
