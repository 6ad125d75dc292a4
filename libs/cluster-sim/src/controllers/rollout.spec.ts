import fc from 'fast-check';
import { newSetSize, oldSetSizes, rolloutBounds, type SetSize } from './rollout';

const bounds = (replicas: number, rollingUpdate: object): unknown =>
  rolloutBounds({ spec: { replicas, strategy: { type: 'RollingUpdate', rollingUpdate } } } as never);

describe('Rollout', () => {
  it.each([
    [4, { maxSurge: '25%', maxUnavailable: '25%' }, { maxSurge: 1, maxUnavailable: 1 }],
    [1, { maxSurge: '25%', maxUnavailable: '25%' }, { maxSurge: 1, maxUnavailable: 0 }],
    [3, { maxSurge: 0, maxUnavailable: '10%' }, { maxSurge: 0, maxUnavailable: 1 }],
    [10, { maxSurge: 3, maxUnavailable: '35%' }, { maxSurge: 3, maxUnavailable: 3 }],
  ])('of %i replicas with %j moves within %j', (replicas, stated, expected) => {
    expect(bounds(replicas, stated)).toEqual(expected);
  });

  it('never has more pods than the surge allows, never fewer available than allowed, and ends with the new ones only', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 12 }),
        fc.integer({ min: 0, max: 4 }),
        fc.integer({ min: 0, max: 4 }),
        fc.array(fc.integer({ min: 0, max: 6 }), { maxLength: 3 }),
        (replicas, maxSurge, maxUnavailable, olds) => {
          const limits = { maxSurge, maxUnavailable: maxSurge + maxUnavailable === 0 ? 1 : maxUnavailable };
          let fresh: SetSize = { replicas: 0, available: 0 };
          let old: SetSize[] = olds.map((size) => ({ replicas: size, available: size }));
          const start = olds.reduce((total, size) => total + size, 0);
          for (let turn = 0; turn < 60; turn++) {
            fresh = { replicas: newSetSize(replicas, limits, fresh, old), available: fresh.available };
            const sizes = oldSetSizes(replicas, limits, fresh, old);
            old = sizes.map((size, index) => ({ replicas: size, available: Math.min(size, old[index]!.available) }));
            const total = fresh.replicas + old.reduce((sum, set) => sum + set.replicas, 0);
            const available = fresh.available + old.reduce((sum, set) => sum + set.available, 0);
            expect(total).toBeLessThanOrEqual(Math.max(start, replicas + maxSurge));
            expect(available).toBeGreaterThanOrEqual(Math.min(start, replicas - limits.maxUnavailable));
            fresh = { ...fresh, available: fresh.replicas };
          }
          expect([fresh.replicas, ...old.map((set) => set.replicas)]).toEqual([replicas, ...olds.map(() => 0)]);
        },
      ),
    );
  });
});
