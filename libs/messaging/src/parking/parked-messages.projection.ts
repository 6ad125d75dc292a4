import type { Actor, Projection, RecordedEvent } from '@souk/event-sourcing';
import type { ExistingParkedMessage } from './parked-message';
import type {
  FailureReason,
  MessageDiscarded,
  MessageParked,
  MessageReplayRequested,
  ParkedMessageEvent,
} from './parked-message.events';

/** What an operator decided last. */
export interface ParkingDecision {
  readonly decision: 'replay' | 'discard';
  readonly by: Pick<Actor, 'kind' | 'id'>;
  readonly at: string;
  readonly reason?: string;
}

/** One subject of one group that has, or had, a parked message. */
export interface ParkedMessageDoc extends Omit<MessageParked['data'], 'reason'> {
  readonly status: ExistingParkedMessage['status'];
  readonly reason: Omit<FailureReason, 'frames'>;
  /** First revision that is not handled, while it is releasing. */
  readonly from: number;
  readonly parkedAt: string;
  readonly decision?: ParkingDecision;
  readonly revision: number;
}

export const parkedMessagesProjection: Projection<ParkedMessageDoc, ParkedMessageEvent> = {
  name: 'parked-messages',
  version: 1,
  streamPrefixes: ['parkedMessage-'],
  indexes: {
    all: ['status', 'parkedAt'],
    byGroup: ['group', 'status', 'parkedAt'],
    bySubject: ['subject', 'status', 'parkedAt'],
    byType: ['message.type', 'status', 'parkedAt'],
  },
  on: {
    MessageParked: (_, { data: { reason, ...data }, revision, recordedAt }) => {
      const { frames: __, ...shown } = reason;
      return { ...data, reason: shown, status: 'parked', from: data.message.revision, parkedAt: recordedAt, revision };
    },
    MessageReplayRequested: (doc, event) =>
      doc && { ...doc, ...decided('replay', event), status: 'releasing', from: event.data.revision },
    MessageDiscarded: (doc, event) =>
      doc && { ...doc, ...decided('discard', event), status: 'releasing', from: event.data.revision + 1 },
    SubjectReleased: (doc, { data, revision }) => doc && { ...doc, status: 'released', from: data.upTo + 1, revision },
  },
};

function decided(
  decision: ParkingDecision['decision'],
  { metadata: { actor, reason }, recordedAt, revision }: RecordedEvent<MessageReplayRequested | MessageDiscarded>,
): Pick<ParkedMessageDoc, 'decision' | 'revision'> {
  const by = { kind: actor.kind, id: actor.id };
  return { decision: { decision, by, at: recordedAt, ...(reason !== undefined && { reason }) }, revision };
}
