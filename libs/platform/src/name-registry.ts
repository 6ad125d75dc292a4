import { createHash } from 'node:crypto';
import {
  type Aggregate,
  assertNever,
  type CommandContext,
  type CommandHandler,
  derivedUuid,
  DomainError,
  type DomainEvent,
  type EventStore,
} from '@souk/event-sourcing';

/** One name that is unique within a tenant: of an app, an instance, a cluster. */
export interface Name {
  /** What carries the name: `app`, `instance`. */
  readonly kind: string;
  readonly tenant: string;
  readonly name: string;
}

/** Another one has the name. */
export class NameTaken extends DomainError {
  readonly code = 'name-taken';
  constructor({ kind, name }: Name) {
    super(`there is already ${/^[aeiou]/.test(kind) ? 'an' : 'a'} ${kind} named "${name}"`);
  }
}

type NameReserved = DomainEvent<'NameReserved', { kind: string; tenant: string; name: string; by: string; ownerStream: string }>;
type NameReleased = DomainEvent<'NameReleased', { by: string }>;
type NameEvent = NameReserved | NameReleased;

type NameState =
  | { readonly status: 'free' }
  | { readonly status: 'reserved'; readonly by: string; readonly ownerStream: string; readonly tenant: string };

type NameCommand =
  | {
      readonly type: 'reserve';
      readonly name: Name;
      readonly by: string;
      readonly ownerStream: string;
      readonly abandonedBy?: string;
    }
  | { readonly type: 'release'; readonly by: string };

export const nameAggregate: Aggregate<NameState, NameCommand, NameEvent> = {
  category: 'name',
  eventTypes: { NameReserved: {}, NameReleased: {} },
  initial: { status: 'free' },
  tenants: (state) => (state.status === 'reserved' ? [state.tenant] : []),

  decide(command, state) {
    switch (command.type) {
      case 'reserve': {
        const { name, by, ownerStream, abandonedBy } = command;
        const reserved: NameReserved = { type: 'NameReserved', data: { ...name, by, ownerStream } };
        if (state.status === 'free') return [reserved];
        if (state.by === by) return [];
        if (state.by === abandonedBy) return [{ type: 'NameReleased', data: { by: abandonedBy } }, reserved];
        throw new NameTaken(name);
      }
      case 'release':
        return state.status === 'reserved' && state.by === command.by ? [{ type: 'NameReleased', data: { by: command.by } }] : [];
      default:
        return assertNever(command);
    }
  },

  evolve(_, event) {
    switch (event.type) {
      case 'NameReserved':
        return { status: 'reserved', by: event.data.by, ownerStream: event.data.ownerStream, tenant: event.data.tenant };
      case 'NameReleased':
        return { status: 'free' };
      default:
        return assertNever(event);
    }
  },
};

/** How long a reservation may stand before the stream of its owner must exist, in milliseconds. */
const ABANDONED_AFTER = 60_000;

/**
 * Unique names without a unique index: one stream for each name. First the name is reserved, then its owner's stream is begun; a
 * reservation whose owner never appeared (the process died in between) is taken over by the next one who wants the name.
 * Names are compared by NFKC, case folding, and with white space around and between words folded.
 */
export class NameRegistry {
  constructor(
    private readonly store: EventStore,
    private readonly commands: CommandHandler,
  ) {}

  /**
   * @param by id of the owner; the same owner again is no conflict
   * @param ownerStream stream whose existence proves that the owner appeared
   * @param bears whether an owner who appeared still bears this name; default: it does
   * @throws NameTaken
   */
  async reserve(
    name: Name,
    by: string,
    ownerStream: string,
    call: CommandContext,
    now: Date,
    bears: (owner: string) => Promise<boolean> = () => Promise.resolve(true),
  ): Promise<void> {
    const command = { type: 'reserve', name, by, ownerStream } as const;
    try {
      await this.settle(name, command, contextOf(call, 'reserve', by));
    } catch (error) {
      if (!(error instanceof NameTaken)) throw error;
      const abandonedBy = await this.abandonedOwner(idOf(name), now, bears);
      if (abandonedBy === undefined) throw error;
      await this.settle(name, { ...command, abandonedBy }, contextOf(call, 'take-over', abandonedBy, by));
    }
  }

  /** A repeated command is answered with what it did then; meanwhile another may have taken the name over. */
  private async settle(name: Name, command: Extract<NameCommand, { type: 'reserve' }>, context: CommandContext): Promise<void> {
    const { state } = await this.commands.handle(nameAggregate, idOf(name), command, context);
    if (state.status !== 'reserved' || state.by !== command.by) throw new NameTaken(name);
  }

  /** Only its owner can release a name; a repeat does nothing. */
  async release(name: Name, by: string, call: CommandContext): Promise<void> {
    await this.commands.handle(nameAggregate, idOf(name), { type: 'release', by }, contextOf(call, 'release', by));
  }

  private async abandonedOwner(id: string, now: Date, bears: (owner: string) => Promise<boolean>): Promise<string | undefined> {
    for await (const last of this.store.readStream(`name-${id}`, { direction: 'backwards', maxCount: 1 })) {
      const event = last as unknown as NameEvent;
      if (event.type !== 'NameReserved') return undefined;
      if (now.getTime() - Date.parse(last.recordedAt) < ABANDONED_AFTER) return undefined;
      for await (const _ of this.store.readStream(event.data.ownerStream, { maxCount: 1 }))
        return (await bears(event.data.by)) ? undefined : event.data.by;
      return event.data.by;
    }
    return undefined;
  }
}

function idOf({ kind, tenant, name }: Name): string {
  const folded = name.normalize('NFKC').toLowerCase().normalize('NFKC').trim().replaceAll(/\s+/gu, ' ');
  return createHash('sha256').update([kind, tenant, folded].join('|')).digest('hex');
}

function contextOf({ ifMatch: _, ...call }: CommandContext, ...parts: string[]): CommandContext {
  return { ...call, commandId: derivedUuid('name', call.commandId, ...parts) };
}
