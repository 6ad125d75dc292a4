import { createHash } from 'node:crypto';
import { type Aggregate, assertNever } from '@souk/event-sourcing';
import { evolve, type ExistingParkedMessage, noParkedMessage, type ParkedMessage } from './parked-message';
import { MessageNotParked, ParkedMessageUnknown } from './parked-message.errors';
import type {
  MessageDiscarded,
  MessageParked,
  MessageReplayRequested,
  ParkedMessageEvent,
  ParkedSubject,
  SubjectReleased,
} from './parked-message.events';

export type ParkMessage = { readonly type: 'park' } & Omit<MessageParked['data'], 'totalAttempts'>;
export type RequestReplay = { readonly type: 'request-replay' };
export type DiscardMessage = { readonly type: 'discard' };
export type ReleaseSubject = { readonly type: 'release'; readonly upTo: number };

export type ParkedMessageCommand = ParkMessage | RequestReplay | DiscardMessage | ReleaseSubject;

/** Of the infrastructure: no tenant is a party to it. */
export const parkedMessageAggregate: Aggregate<ParkedMessage, ParkedMessageCommand, ParkedMessageEvent> = {
  category: 'parkedMessage',
  eventTypes: { MessageParked: {}, MessageReplayRequested: {}, MessageDiscarded: {}, SubjectReleased: {} },
  initial: noParkedMessage,
  tenants: () => [],
  evolve,

  decide(command, state) {
    if (command.type === 'park') return park(command, state);
    if (state.status === 'none') throw new ParkedMessageUnknown();
    switch (command.type) {
      case 'request-replay':
        return requestReplay(state);
      case 'discard':
        return discard(state);
      case 'release':
        return release(command, state);
      default:
        return assertNever(command);
    }
  },
};

/** The id of what is parked for a group of a subject: there is one at a time. */
export function parkedMessageIdOf(group: string, subject: string): string {
  return createHash('sha256').update(`${group}|${subject}`).digest('hex');
}

/** A message that waits for an operator stays the one that they look at, whatever is said about those behind it. */
const park = ({ type: _, ...data }: ParkMessage, state: ParkedMessage): MessageParked[] => {
  if (state.status === 'parked' && state.message.revision <= data.message.revision) return [];
  const again = state.status === 'releasing' && state.message.id === data.message.id;
  const totalAttempts = data.attempts + (again ? state.totalAttempts : 0);
  const firstFailedAt = again ? state.firstFailedAt : data.firstFailedAt;
  return [{ type: 'MessageParked', data: { ...data, totalAttempts, firstFailedAt } }];
};

const requestReplay = (state: ExistingParkedMessage): MessageReplayRequested[] => {
  if (state.status === 'releasing') return [];
  if (state.status === 'released') throw new MessageNotParked(state);
  return [{ type: 'MessageReplayRequested', data: { ...subjectOf(state), revision: state.message.revision } }];
};

const discard = (state: ExistingParkedMessage): MessageDiscarded[] => {
  if (state.status !== 'parked') throw new MessageNotParked(state);
  return [{ type: 'MessageDiscarded', data: { ...subjectOf(state), revision: state.message.revision } }];
};

const release = ({ upTo }: ReleaseSubject, state: ExistingParkedMessage): SubjectReleased[] => {
  if (state.status !== 'releasing') return [];
  return [{ type: 'SubjectReleased', data: { ...subjectOf(state), upTo } }];
};

function subjectOf({ parkedMessageId, group, subject }: ExistingParkedMessage): ParkedSubject {
  return { parkedMessageId, group, subject };
}
