import { type Aggregate, assertNever } from '@souk/event-sourcing';
import type { DeadlineEvent, DeadlineSet } from './deadline.events';

export type Deadline = { readonly status: 'none' } | (DeadlineSet['data'] & { readonly status: 'open' | 'passed' | 'cancelled' });

export type DeadlineAction =
  | { readonly type: 'set-deadline'; readonly data: DeadlineSet['data'] }
  | { readonly type: 'pass-deadline'; readonly now: string }
  | { readonly type: 'cancel-deadline' };

/** One thing that is to be done once, at a time. An id is good for one deadline: setting it again is a repeat, whatever it says. */
export const deadlineAggregate: Aggregate<Deadline, DeadlineAction, DeadlineEvent> = {
  category: 'deadline',
  eventTypes: { DeadlineSet: {}, DeadlinePassed: {}, DeadlineCancelled: {} },
  initial: { status: 'none' },
  tenants: (state) => (state.status === 'none' ? [] : state.tenants),

  decide(command, state) {
    if (command.type === 'set-deadline') return state.status === 'none' ? [{ type: 'DeadlineSet', data: command.data }] : [];
    if (state.status !== 'open') return [];
    const { deadlineId, service } = state;
    switch (command.type) {
      case 'pass-deadline':
        return [{ type: 'DeadlinePassed', data: { deadlineId, service, passedAt: command.now } }];
      case 'cancel-deadline':
        return [{ type: 'DeadlineCancelled', data: { deadlineId, service } }];
      default:
        return assertNever(command);
    }
  },

  evolve(state, event) {
    switch (event.type) {
      case 'DeadlineSet':
        return { ...event.data, status: 'open' };
      case 'DeadlinePassed':
        return state.status === 'none' ? state : { ...state, status: 'passed' };
      case 'DeadlineCancelled':
        return state.status === 'none' ? state : { ...state, status: 'cancelled' };
      default:
        return assertNever(event);
    }
  },
};
