import { randomUUID } from 'node:crypto';
import { type CommandContext, CommandHandler, type EventStore, type Position, streamIdOf } from '@souk/event-sourcing';
import { type ReadModel, ReadModelBehind } from '@souk/read-store';
import type { ExistingParkedMessage, ParkedMessage } from './parked-message';
import { parkedMessageAggregate, parkedMessageIdOf, type ParkMessage } from './parked-message.decide';
import type { ParkedMessageEvent } from './parked-message.events';
import type { ParkedMessageDoc } from './parked-messages.projection';
import type { ParkedLane } from './parked-subjects';

/** The facts that say that something is to go on. */
export const decisionTypes: readonly ParkedMessageEvent['type'][] = ['MessageReplayRequested', 'MessageDiscarded'];

/** How long the read model may take to arrive at the end of the store, in milliseconds. */
const PATIENCE = 30_000;
const PAGE = 500;

/**
 * What is parked, as facts in the event store: that it is (by the bus), what becomes of it (by an operator), and that it is over (by the bus).
 * The read model is how they are found again at a start; where it does not arrive, the facts themselves are looked through.
 */
export class ParkingLedger {
  private readonly commands: CommandHandler;

  constructor(
    private readonly store: EventStore,
    private readonly model: ReadModel<ParkedMessageDoc>,
    private readonly patienceMs = PATIENCE,
  ) {
    this.commands = new CommandHandler(store);
  }

  /** @returns the state after it, and the revision of the fact. @throws what the store throws */
  async park(
    message: Omit<ParkMessage, 'type' | 'parkedMessageId'>,
    correlationId: string,
  ): Promise<{ readonly state: ExistingParkedMessage; readonly revision: number }> {
    const { group, subject } = message;
    const parkedMessageId = parkedMessageIdOf(group, subject);
    const context = contextOf(group, correlationId, message.message.id);
    const command = { type: 'park', parkedMessageId, ...message } as const;
    const { state, revision } = await this.commands.handle(parkedMessageAggregate, parkedMessageId, command, context);
    return { state: state as ExistingParkedMessage, revision };
  }

  /** Nothing is parked of the subject any more. @throws what the store throws */
  async release(group: string, subject: string, upTo: number): Promise<void> {
    const id = parkedMessageIdOf(group, subject);
    await this.commands.handle(parkedMessageAggregate, id, { type: 'release', upTo }, contextOf(group, id, id));
  }

  /** Everything that is parked or about to go on, by group; and a position after which decisions may be missing from it. */
  async load(
    groups: readonly string[],
  ): Promise<{ readonly after: Position; readonly lanes: ReadonlyMap<string, ParkedLane[]> }> {
    const after = await this.store.head();
    const lanes = new Map<string, ParkedLane[]>();
    try {
      await this.model.waitFor(after, this.patienceMs);
      for (const group of groups) lanes.set(group, await this.ofGroup(group));
    } catch (error) {
      if (!(error instanceof ReadModelBehind)) throw error;
      for (const { group, lane } of await this.fromFacts()) lanes.set(group, [...(lanes.get(group) ?? []), lane]);
    }
    return { after, lanes };
  }

  /** Parked ones first: what goes on meanwhile is found among the releasing ones then, at the latest. */
  private async ofGroup(group: string): Promise<ParkedLane[]> {
    const lanes = new Map<string, ParkedLane>();
    for (const status of ['parked', 'releasing'])
      for (let cursor: string | undefined, more = true; more;) {
        const page = await this.model.query({
          index: 'byGroup',
          where: { group, status },
          limit: PAGE,
          ...(cursor !== undefined && { cursor }),
        });
        for (const doc of page.items) lanes.set(doc.subject, laneOf(doc, doc.from, doc.revision));
        cursor = page.next;
        more = cursor !== undefined;
      }
    return [...lanes.values()];
  }

  private async fromFacts(): Promise<readonly { readonly group: string; readonly lane: ParkedLane }[]> {
    const ids = new Set<string>();
    const prefix = `${parkedMessageAggregate.category}-`;
    for await (const { stream } of this.store.readAll({ filter: { streamPrefixes: [prefix] } })) ids.add(streamIdOf(stream));
    const found: { group: string; lane: ParkedLane }[] = [];
    for (const id of ids) {
      const { state, revision } = await this.commands.load(parkedMessageAggregate, id);
      if (isOpen(state)) found.push({ group: state.group, lane: laneOf(state, fromOf(state), revision) });
    }
    return found;
  }
}

type Open = Exclude<ExistingParkedMessage, { status: 'released' }>;

function isOpen(state: ParkedMessage): state is Open {
  return state.status === 'parked' || state.status === 'releasing';
}

function fromOf(state: Open): number {
  return state.status === 'releasing' ? state.from : state.message.revision;
}

function laneOf(
  { subject, message, status }: Pick<Open, 'subject' | 'message'> & { readonly status: ExistingParkedMessage['status'] },
  from: number,
  fact: number,
): ParkedLane {
  const { type, revision, position } = message;
  return { subject, type, revision, position, from, fact, due: status === 'releasing', seen: undefined };
}

/** A new command each time: what it amounts to follows from the state. */
function contextOf(group: string, correlationId: string, causationId: string): CommandContext {
  return { commandId: randomUUID(), correlationId, causationId, actor: { kind: 'system', id: `bus/${group}` } };
}
