import { given } from '@souk/event-sourcing/testing';
import { leaseAggregate } from './lease';
import { LeaseLost } from './lease.errors';
import type { LeaseEvent } from './lease.events';

const mine = { lease: 'deadlines', holder: 'me' };
const others = { lease: 'deadlines', holder: 'other' };
const taken: LeaseEvent = { type: 'LeaseTaken', data: mine };
const takenByOther: LeaseEvent = { type: 'LeaseTaken', data: others };

describe('Lease', () => {
  describe('that is free', () => {
    it('is taken', () =>
      given(leaseAggregate)
        .when({ type: 'take-lease', ...mine })
        .then(taken));
    it('is not renewed', () =>
      given(leaseAggregate)
        .when({ type: 'renew-lease', ...mine })
        .thenRefused(LeaseLost));
    it('is not released', () =>
      given(leaseAggregate)
        .when({ type: 'release-lease', ...mine })
        .thenNothing());
  });

  describe('held', () => {
    it('is renewed by its holder', () =>
      given(leaseAggregate, taken)
        .when({ type: 'renew-lease', ...mine })
        .then({ type: 'LeaseRenewed', data: mine }));
    it('begins another term when its holder takes it again', () =>
      given(leaseAggregate, taken, { type: 'LeaseRenewed', data: mine })
        .when({ type: 'take-lease', ...mine })
        .then(taken));
    it('is released by its holder', () =>
      given(leaseAggregate, taken)
        .when({ type: 'release-lease', ...mine })
        .then({ type: 'LeaseReleased', data: mine }));
    it('is taken over by another', () =>
      given(leaseAggregate, taken)
        .when({ type: 'take-lease', ...others })
        .then(takenByOther));
  });

  describe('taken over', () => {
    it('is not renewed by who held it before', () =>
      given(leaseAggregate, taken, takenByOther)
        .when({ type: 'renew-lease', ...mine })
        .thenRefused(LeaseLost));
    it('is not released by who held it before', () =>
      given(leaseAggregate, taken, takenByOther)
        .when({ type: 'release-lease', ...mine })
        .thenNothing());
  });
});
