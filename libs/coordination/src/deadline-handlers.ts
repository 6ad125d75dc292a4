import type { CommandContext } from '@souk/event-sourcing';

/**
 * Does what a deadline is for. It may be called again after a crash, or after it took too long, always with the same `commandId`: its effect
 * must be one. What it throws is tried again.
 */
export type DeadlineHandler = (data: object, context: CommandContext) => Promise<unknown>;

/** Nobody does commands of this type here. */
export class NoDeadlineHandler extends Error {
  constructor(service: string, command: string) {
    super(`nothing here does "${command}" of ${service}`);
    this.name = new.target.name;
  }
}

/** Who does which command of a deadline. Services say so when they start. */
export class DeadlineHandlers {
  private readonly handlers = new Map<string, DeadlineHandler>();
  private readonly known = new Set<string>();

  /** @throws Error when somebody does it already */
  on(service: string, command: string, handler: DeadlineHandler): void {
    const key = keyOf(service, command);
    if (this.handlers.has(key)) throw new Error(`"${command}" of ${service} is done by somebody already`);
    this.handlers.set(key, handler);
    this.known.add(service);
  }

  /** Those that something is done for here. Deadlines of others are the business of another process. */
  services(): readonly string[] {
    return [...this.known];
  }

  /** @throws NoDeadlineHandler */
  of(service: string, command: string): DeadlineHandler {
    const handler = this.handlers.get(keyOf(service, command));
    if (!handler) throw new NoDeadlineHandler(service, command);
    return handler;
  }
}

function keyOf(service: string, command: string): string {
  return `${service}/${command}`;
}
