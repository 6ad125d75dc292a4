import { given } from '@souk/event-sourcing/testing';
import { type DeadlineAction, deadlineAggregate } from './deadline';
import type { DeadlineEvent, DeadlineSet } from './deadline.events';

const data: DeadlineSet['data'] = {
  deadlineId: 'one',
  dueAt: '2026-01-02T00:00:00.000Z',
  service: 'authorization',
  command: { type: 'expire-previous-secret', data: { secretVersion: 1 } },
  about: 'inst_1',
  tenants: ['ten_b'],
};
const named = { deadlineId: 'one', service: 'authorization' };
const now = '2026-01-02T00:00:01.000Z';
const set: DeadlineEvent = { type: 'DeadlineSet', data };
const passed: DeadlineEvent = { type: 'DeadlinePassed', data: { ...named, passedAt: now } };
const cancelled: DeadlineEvent = { type: 'DeadlineCancelled', data: named };
const pass: DeadlineAction = { type: 'pass-deadline', now };
const cancel: DeadlineAction = { type: 'cancel-deadline' };

describe('Deadline', () => {
  describe('that does not exist', () => {
    it('is set', () => given(deadlineAggregate).when({ type: 'set-deadline', data }).then(set));
    it.each([pass, cancel])('has nothing to %j', (command) => given(deadlineAggregate).when(command).thenNothing());
  });

  describe('open', () => {
    it('is set once, whatever the second one says', () =>
      given(deadlineAggregate, set)
        .when({ type: 'set-deadline', data: { ...data, dueAt: '2027-01-01T00:00:00.000Z' } })
        .thenNothing());
    it('passes', () => given(deadlineAggregate, set).when(pass).then(passed));
    it('is cancelled', () => given(deadlineAggregate, set).when(cancel).then(cancelled));
  });

  describe.each([
    ['passed', passed],
    ['cancelled', cancelled],
  ])('%s', (_, end) => {
    it.each<DeadlineAction>([{ type: 'set-deadline', data }, pass, cancel])('is over for $type', (command) =>
      given(deadlineAggregate, set, end).when(command).thenNothing(),
    );
  });
});
