import { positionOf } from '@souk/event-sourcing';
import { given } from '@souk/event-sourcing/testing';
import { parkedMessageAggregate, parkedMessageIdOf, type ParkMessage } from './parked-message.decide';
import { MessageNotParked, ParkedMessageUnknown } from './parked-message.errors';
import type { MessageParked, ParkedMessageEvent } from './parked-message.events';

const subject = { parkedMessageId: parkedMessageIdOf('audit', 'thing-1'), group: 'audit', subject: 'thing-1' };
const park = (revision: number): ParkMessage => ({
  type: 'park',
  ...subject,
  message: {
    id: `message-${revision}`,
    type: 'things.happened.v1',
    revision,
    position: positionOf('00000000', revision),
    time: '2026-01-01T00:00:00.000Z',
  },
  reason: { name: 'Broken', code: 'broken', message: 'it is broken', frames: [] },
  attempts: 5,
  firstFailedAt: `2026-01-01T00:0${revision}:00.000Z`,
  lastFailedAt: `2026-01-01T00:0${revision}:09.000Z`,
});
const parked = (revision: number, more: Partial<MessageParked['data']> = {}): MessageParked => {
  const { type: _, ...data } = park(revision);
  return { type: 'MessageParked', data: { ...data, totalAttempts: 5, ...more } };
};
const replayRequested: ParkedMessageEvent = { type: 'MessageReplayRequested', data: { ...subject, revision: 3 } };
const discarded: ParkedMessageEvent = { type: 'MessageDiscarded', data: { ...subject, revision: 3 } };
const released: ParkedMessageEvent = { type: 'SubjectReleased', data: { ...subject, upTo: 7 } };

const past = (...events: ParkedMessageEvent[]) => given(parkedMessageAggregate, ...events);

describe('ParkedMessage', () => {
  describe('none', () => {
    it('is parked with its reason', () => past().when(park(3)).then(parked(3)));
    it.each(['request-replay', 'discard'] as const)('has nothing to %s', (type) => {
      past().when({ type }).thenRefused(ParkedMessageUnknown);
    });
  });

  describe('parked', () => {
    it('is parked once', () => past(parked(3)).when(park(3)).thenNothing());
    it('stays in front of those behind it', () => past(parked(3)).when(park(4)).thenNothing());
    it('gives way to one before it', () => past(parked(3)).when(park(2)).then(parked(2)));
    it('is to be replayed', () => past(parked(3)).when({ type: 'request-replay' }).then(replayRequested));
    it('is discarded', () => past(parked(3)).when({ type: 'discard' }).then(discarded));
    it('is not over before somebody has decided', () => past(parked(3)).when({ type: 'release', upTo: 7 }).thenNothing());
  });

  describe.each([
    ['being replayed', replayRequested],
    ['discarded', discarded],
  ])('%s', (_, decision) => {
    it('is replayed anyway', () => past(parked(3), decision).when({ type: 'request-replay' }).thenNothing());
    it('is not discarded any more', () => past(parked(3), decision).when({ type: 'discard' }).thenRefused(MessageNotParked));
    it('is over when all behind it are handled', () =>
      past(parked(3), decision).when({ type: 'release', upTo: 7 }).then(released));
    it('parks one behind it with attempts of its own', () => past(parked(3), decision).when(park(4)).then(parked(4)));
  });

  it('counts the attempts of all replays', () =>
    past(parked(3), replayRequested)
      .when({ ...park(3), firstFailedAt: '2026-01-02T00:00:00.000Z' })
      .then(parked(3, { totalAttempts: 10, firstFailedAt: '2026-01-01T00:03:00.000Z' })));

  describe('released', () => {
    const before = [parked(3), replayRequested, released];
    it('is over once', () =>
      past(...before)
        .when({ type: 'release', upTo: 7 })
        .thenNothing());
    it('is parked anew', () =>
      past(...before)
        .when(park(8))
        .then(parked(8)));
    it.each(['request-replay', 'discard'] as const)('has nothing to %s', (type) => {
      past(...before)
        .when({ type })
        .thenRefused(MessageNotParked);
    });
  });
});
