import { Injectable } from '@nestjs/common';
import {
  type CommandContext,
  CommandHandler,
  type CommandOutcome,
  comparePositions,
  derivedUuid,
  type Position,
} from '@souk/event-sourcing';
import {
  EventBus,
  MessageNotParked,
  type ParkedMessage,
  parkedMessageAggregate,
  type ParkedMessageDoc,
  type ParkedMessageEvent,
  parkedMessagesProjection,
} from '@souk/messaging';
import { type Page, ProjectionRunner, type Query, type ReadModel } from '@souk/read-store';
import { NotFound } from '../http/errors';

/** What an operator looks for. */
export interface ParkedMessagesFilter {
  readonly group?: string | undefined;
  readonly subject?: string | undefined;
  readonly type?: string | undefined;
  readonly status?: ParkedMessageDoc['status'] | undefined;
}

/** How many messages wait behind a parked one; `more`: that many at least. */
export interface Waiting {
  readonly messages: number;
  readonly more: boolean;
}

export interface ReplayedBatch {
  readonly requested: number;
  /** Call again with the same `parkedBefore`: there are more. */
  readonly more: boolean;
  readonly parkedBefore: string;
  /** Of the last request. */
  readonly position?: Position;
}

type Outcome = CommandOutcome<ParkedMessage, ParkedMessageEvent>;

/** Messages behind a parked one are counted up to here. */
const COUNTED = 1_000;
/** Messages that one request of a replay of all takes, and how many of them at a time. */
const BATCH = 500;
const AT_ONCE = 50;

/** What operators can see and decide of messages that could not be handled. The bus obeys the facts. */
@Injectable()
export class ParkedMessages {
  private readonly parked: ReadModel<ParkedMessageDoc>;

  constructor(
    private readonly commands: CommandHandler,
    private readonly bus: EventBus,
    runner: ProjectionRunner,
  ) {
    this.parked = runner.readModel(parkedMessagesProjection);
  }

  list(
    filter: ParkedMessagesFilter,
    page: Pick<Query<ParkedMessageDoc>, 'limit' | 'cursor' | 'audience'>,
  ): Promise<Page<ParkedMessageDoc>> {
    return this.parked.query({ ...criteriaOf(filter), ...page });
  }

  /** @throws NotFound */
  async get(id: string): Promise<ParkedMessageDoc> {
    const message = await this.parked.get(id);
    if (!message) throw new NotFound('parked message', id);
    return message;
  }

  async waitingBehind({ group, subject, from, status }: ParkedMessageDoc): Promise<Waiting> {
    const behind = status === 'parked' ? from : from - 1;
    const messages = status === 'released' ? 0 : await this.bus.waitingBehind(group, subject, behind, COUNTED);
    return { messages, more: messages >= COUNTED };
  }

  /** @throws NotFound, MessageNotParked, RevisionMismatch */
  async replay(id: string, context: CommandContext): Promise<Outcome> {
    await this.get(id);
    return this.commands.handle(parkedMessageAggregate, id, { type: 'request-replay' }, context);
  }

  /** @throws NotFound, MessageNotParked, RevisionMismatch */
  async discard(id: string, context: CommandContext): Promise<Outcome> {
    await this.get(id);
    return this.commands.handle(parkedMessageAggregate, id, { type: 'discard' }, context);
  }

  /** Replays the next ones of a group, the oldest first. */
  async replayAll(
    filter: Pick<ParkedMessagesFilter, 'group' | 'type'>,
    parkedBefore: string,
    context: CommandContext,
  ): Promise<ReplayedBatch> {
    const page = await this.parked.query({ ...criteriaOf(filter), range: { to: parkedBefore }, limit: BATCH });
    let requested = 0;
    let position: Position | undefined;
    for (let i = 0; i < page.items.length; i += AT_ONCE) {
      const outcomes = await Promise.all(page.items.slice(i, i + AT_ONCE).map((doc) => this.replayOne(doc, context)));
      requested += outcomes.filter((outcome) => outcome !== undefined && outcome.events.length > 0).length;
      for (const outcome of outcomes) position = later(position, outcome?.position);
    }
    return { requested, more: page.next !== undefined, parkedBefore, ...(position && { position }) };
  }

  private async replayOne({ parkedMessageId: id }: ParkedMessageDoc, context: CommandContext): Promise<Outcome | undefined> {
    const commandId = derivedUuid('replay-all', context.commandId, id);
    try {
      return await this.commands.handle(parkedMessageAggregate, id, { type: 'request-replay' }, { ...context, commandId });
    } catch (error) {
      // Somebody else was faster.
      if (error instanceof MessageNotParked) return undefined;
      throw error;
    }
  }
}

/** One filter finds the index, the others are checked document by document. */
function criteriaOf({ group, subject, type, status = 'parked' }: ParkedMessagesFilter): Query<ParkedMessageDoc> {
  const filter = (doc: ParkedMessageDoc): boolean =>
    (group === undefined || doc.group === group) && (type === undefined || doc.message.type === type);
  if (subject !== undefined) return { index: 'bySubject', where: { subject, status }, filter };
  if (type !== undefined) return { index: 'byType', where: { 'message.type': type, status }, filter };
  if (group !== undefined) return { index: 'byGroup', where: { group, status } };
  return { index: 'all', where: { status } };
}

function later(a: Position | undefined, b: Position | undefined): Position | undefined {
  return a === undefined || (b !== undefined && comparePositions(b, a) > 0) ? b : a;
}
