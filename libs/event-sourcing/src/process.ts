/** Nothing is to be done about this event, and why. */
export interface Ignored {
  readonly ignore: string;
}

/**
 * A process manager: pure. Given an event (or a time-out, as an input like any other) and what it knows, it answers the commands to
 * send, or that there is nothing to do and why. Whoever runs it derives each command's id from the event's id and the command's index,
 * so that the same event twice has one effect.
 */
export interface Process<Input, State, Command> {
  /** Its name, as it stands in `metadata.actor.id` of what it causes. */
  readonly name: string;
  react(input: Input, state: State): readonly Command[] | Ignored;
}

/** Tells the two answers of a process apart. */
export function isIgnored<Command>(answer: readonly Command[] | Ignored): answer is Ignored {
  return !Array.isArray(answer);
}
