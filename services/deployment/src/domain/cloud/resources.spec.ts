import { fold } from '@souk/event-sourcing';
import { given } from '@souk/event-sourcing/testing';
import * as fc from 'fast-check';
import { ids } from '../../../test/sample';
import { failureFor, isThere } from './resources';
import { MAX_DELAYS, MAX_TRIES, type ResourceCommand, resources } from './resources.decide';
import type { ResourceEvent, ResourceFact } from './resources.events';

const deadline = '2026-01-01T01:00:00.000Z';
const of = { instanceId: ids.instanceId, operationId: ids.operationId, node: 'rds' };
const small = { service: 'simulated-mysql', plan: 'small', parameters: {}, specHash: 'h-small' };
const large = { ...small, plan: 'large', specHash: 'h-large' };
const parties = { ownerTenant: ids.buyer, providerTenant: ids.provider };
const want = (spec = small, operationId: string = ids.operationId): ResourceCommand => ({
  type: 'WantResource',
  data: { ...of, operationId, ...spec, ...parties, deadline },
});
const release: ResourceCommand = { type: 'ReleaseResource', data: of };

const [requested] = resources.decide(want(), resources.initial) as [Extract<ResourceEvent, { type: 'ResourceRequested' }>];
const { resourceId } = requested.data;
const record = (fact: ResourceFact, id = resourceId): ResourceCommand => ({ type: 'RecordResource', resourceId: id, fact });

const place = { provider: 'simulated', serviceId: 'simulated-mysql', planId: 'small', bindable: true };
const placed: ResourceFact = { type: 'ResourcePlaced', data: { ...of, ...place } };
const provisioning: ResourceFact = { type: 'ResourceProvisioning', data: { ...of, ticket: 't1' } };
const provisioned: ResourceFact = { type: 'ResourceProvisioned', data: of };
const bound: ResourceFact = { type: 'ResourceBound', data: { ...of, version: 1, credentials: ['uri'] } };
const failed = (left: boolean, passing = false): ResourceFact => ({
  type: 'ResourceFailed',
  data: { ...of, reason: 'no', left, passing },
});
const { node: _, ...ofInstance } = of;
const close: ResourceCommand = { type: 'CloseResources', data: { ...ofInstance, ...parties } };
const closed: ResourceEvent = { type: 'ResourcesClosed', data: { ...ofInstance, ...parties } };
const unbound: ResourceFact = { type: 'ResourceUnbound', data: of };
const deprovisioned: ResourceFact = { type: 'ResourceDeprovisioned', data: { ...of, confirmed: true } };
const released: ResourceEvent = { type: 'ResourceReleased', data: of };
const there: ResourceEvent[] = [requested, placed, provisioned, bound];
const statusAfter = (...events: ResourceEvent[]) => fold(resources, events).byNode.get('rds')?.status;

describe('A managed resource', () => {
  describe('that nobody has asked for', () => {
    it('is asked for under an id that follows from where it belongs', () => {
      expect(resources.decide(want(), resources.initial)).toEqual([requested]);
      expect(resourceId).toMatch(/^[0-9a-f]{8}-/);
    });
    it('is not released', () => given(resources).when(release).thenNothing());
    it('has nothing recorded', () => given(resources).when(record(placed)).thenNothing());
  });

  describe('on its way', () => {
    it('is asked for once', () => given(resources, requested).when(want()).thenNothing());
    it('waits with a wish for something else until it is there', () =>
      given(resources, requested, placed).when(want(large)).thenNothing());
    it('goes step by step', () => {
      given(resources, requested).when(record(placed)).then(placed);
      given(resources, requested, placed).when(record(provisioning)).then(provisioning);
      given(resources, requested, placed, provisioning).when(record(provisioned)).then(provisioned);
      given(resources, requested, placed, provisioning, provisioned).when(record(bound)).then(bound);
    });
    it('takes nothing of a step that is over, or of an earlier one of its node', () => {
      given(resources, requested, placed, provisioned).when(record(provisioning)).thenNothing();
      given(resources, requested, placed, released).when(record(provisioned)).thenNothing();
      given(resources, requested).when(record(placed, 'another')).thenNothing();
    });
    it('goes when it is not wanted any more; where no binding was asked for, none is taken back', () => {
      given(resources, requested, placed, provisioning).when(release).then(released);
      expect(fold(resources, [requested, placed, released]).byNode.get('rds')).toMatchObject({
        status: 'leaving',
        step: 'unbound',
      });
      expect(fold(resources, [requested, placed, provisioned, released]).byNode.get('rds')).toMatchObject({ step: 'begin' });
    });
    it('tells each delay once, and not for ever', () => {
      const delayed = (reason: string): ResourceFact => ({ type: 'ResourceDelayed', data: { ...of, reason } });
      given(resources, requested, delayed('a'))
        .when(record(delayed('a')))
        .thenNothing();
      const many = Array.from({ length: MAX_DELAYS }, (_, i) => delayed(`reason ${i}`));
      given(resources, requested, ...many)
        .when(record(delayed('another')))
        .thenNothing();
    });
  });

  describe('that could not be made', () => {
    it('is not asked for again by the same operation, but by the next one, as another one', () => {
      given(resources, requested, failed(false)).when(want()).thenNothing();
      const [again] = resources.decide(want(small, 'op_next'), fold(resources, [requested, failed(false)]));
      expect(again).toMatchObject({ type: 'ResourceRequested', data: { attempt: 2, tries: 1 } });
      expect((again as typeof requested).data.resourceId).not.toBe(resourceId);
    });
    it('is not waited for any more once its time to be gone is over, too', () => {
      const late = [requested, placed, failed(true, true), failed(true)];
      given(resources, ...late.slice(0, 3))
        .when(record(failed(true)))
        .then(failed(true));
      given(resources, ...late)
        .when(record(failed(true)))
        .thenNothing();
      given(resources, requested, placed, released)
        .when(record(failed(true)))
        .thenNothing();
      const reasonAfter = (...events: ResourceEvent[]) =>
        failureFor(fold(resources, events).byNode.get('rds'), ids.operationId, small.specHash);
      expect([reasonAfter(...late.slice(0, 3)), reasonAfter(...late)]).toEqual([undefined, 'no']);
      given(resources, ...late)
        .when(record(deprovisioned))
        .then(deprovisioned);
    });
    it('is thrown away first, where something may have been made', () => {
      expect(statusAfter(requested, placed, failed(true))).toBe('leaving');
      expect(statusAfter(requested, placed, failed(true), deprovisioned)).toBe('failed');
    });
    it('is tried again where that may help, a few times', () => {
      const state = fold(resources, [requested, placed, failed(true, true)]);
      const [gone, again] = resources.decide(record(deprovisioned), state);
      expect(gone).toEqual(deprovisioned);
      expect(again).toMatchObject({ type: 'ResourceRequested', data: { ...parties, ...small, attempt: 2, tries: 2, deadline } });
      const last = { ...requested, data: { ...requested.data, tries: MAX_TRIES } };
      given(resources, last, placed, failed(true, true)).when(record(deprovisioned)).then(deprovisioned);
    });
    it('is not tried again once it is released', () =>
      given(resources, requested, placed, failed(true, true), released).when(record(deprovisioned)).then(deprovisioned));
  });

  describe('that is there', () => {
    it('is left as it is by who wants the same', () =>
      given(resources, ...there)
        .when(want(small, 'op_next'))
        .thenNothing());
    it('is changed for who wants another plan', () =>
      given(resources, ...there)
        .when(want(large, 'op_next'))
        .then({ type: 'ResourceChangeRequested', data: { ...of, operationId: 'op_next', ...large, deadline } }));
    it('keeps its plan and its credentials when that can’t be done, and is not asked again by the same operation', () => {
      const data = { ...of, operationId: 'op_next' };
      const tried: ResourceEvent[] = [
        ...there,
        { type: 'ResourceChangeRequested', data: { ...data, ...large, deadline } },
        { type: 'ResourceChangeFailed', data: { ...data, reason: 'no room' } },
      ];
      expect(fold(resources, tried).byNode.get('rds')).toMatchObject({ status: 'bound', spec: small, version: 1, place });
      given(resources, ...tried)
        .when(want(large, 'op_next'))
        .thenNothing();
      given(resources, ...tried)
        .when(want(small, 'op_next'))
        .thenNothing();
    });
    it('is unbound before it goes, and gone then', () => {
      expect(statusAfter(...there, released, unbound)).toBe('leaving');
      expect(statusAfter(...there, released, unbound, deprovisioned)).toBe('gone');
      given(resources, ...there, released)
        .when(release)
        .thenNothing();
    });
    it('that went comes again as another one, with credentials of another version', () => {
      const state = fold(resources, [...there, released, unbound, deprovisioned]);
      expect(resources.decide(want(), state)[0]).toMatchObject({ data: { attempt: 2 } });
    });
  });

  describe('of an instance that goes for good', () => {
    it('is none any more, and none is made for who asks late, for the first time or once more', () => {
      given(resources).when(close).then(closed);
      given(resources, closed).when(want()).thenNothing();
      given(resources, ...there, released, unbound, deprovisioned)
        .when(close)
        .then(closed);
      given(resources, ...there, released, unbound, deprovisioned, closed)
        .when(want())
        .thenNothing();
      given(resources, closed).when(close).thenNothing();
    });
    it('has to be gone first', () => {
      given(resources, requested).when(close).thenNothing();
      given(resources, ...there, released)
        .when(close)
        .thenNothing();
    });
    it('is told its parties', () => {
      expect(resources.tenants(fold(resources, [closed]))).toEqual([ids.buyer, ids.provider]);
    });
  });

  it('is never lost: whatever is said in whatever order, it is gone or failed only after it was deprovisioned, or before it was placed', () => {
    const facts: ResourceFact[] = [
      placed,
      provisioning,
      provisioned,
      bound,
      failed(true),
      failed(true, true),
      unbound,
      deprovisioned,
    ];
    const command = fc.oneof(
      fc.constantFrom(want(), want(large, 'op_2'), want(small, 'op_3'), release, close),
      fc.record({ type: fc.constant('RecordResource' as const), fact: fc.constantFrom(...facts) }),
    );
    fc.assert(
      fc.property(fc.array(command, { maxLength: 40 }), (commands) => {
        let state = resources.initial;
        const alive = new Set<string>();
        for (const one of commands) {
          const id = state.byNode.get('rds')?.resourceId ?? '';
          const said = one.type === 'RecordResource' ? { ...one, resourceId: id } : one;
          for (const event of resources.decide(said, state)) {
            const known = state.byNode.get('rds');
            if (event.type === 'ResourcePlaced') alive.add(known!.resourceId);
            if (event.type === 'ResourceDeprovisioned') alive.delete(known!.resourceId);
            state = resources.evolve(state, event);
          }
          const now = state.byNode.get('rds');
          if (state.closed) expect(now && isThere(now)).toBeFalsy();
          if (!now || !isThere(now)) expect([...alive]).toEqual([]);
          else expect([...alive].filter((other) => other !== now.resourceId)).toEqual([]);
        }
      }),
    );
  });
});
