import fc from 'fast-check';
import { bucketOf, NonceWindow } from './nonce-window';
import { isWithinWindow, SIGNATURE_WINDOW } from './signature';

const MINUTE = 60_000;
const T0 = bucketOf(1_700_000_000_000) * MINUTE;

describe('NonceWindow', () => {
  it('takes a nonce once', () => {
    const window = new NonceWindow(10);
    expect(window.take('a', T0, T0)).toBe('fresh');
    expect(window.take('a', T0, T0)).toBe('used');
    expect(window.take('a', T0 + 5 * MINUTE, T0)).toBe('used');
    expect(window.take('b', T0, T0)).toBe('fresh');
  });

  it('forgets what can no longer be within the signature window, and takes nothing of that time', () => {
    const window = new NonceWindow(10);
    window.take('a', T0, T0);
    expect(window.take('b', T0 + SIGNATURE_WINDOW + MINUTE, T0 + SIGNATURE_WINDOW + MINUTE)).toBe('fresh');
    expect(window.size).toBe(1);
    expect(window.take('a', T0, T0)).toBe('forgotten');
  });

  it('is full rather than forgetful', () => {
    const window = new NonceWindow(2);
    window.take('a', T0, T0);
    window.take('b', T0, T0);
    expect(window.take('c', T0, T0)).toBe('full');
    expect(window.take('a', T0, T0)).toBe('used');
  });

  it('knows what was taken before a restart', () => {
    const window = new NonceWindow(10);
    window.restore('a', bucketOf(T0));
    expect(window.take('a', T0, T0)).toBe('used');
    window.startAt(bucketOf(T0) + 1);
    expect(window.take('b', T0, T0)).toBe('forgotten');
  });

  it('never takes the same request twice within the signature window, however the clock jumps', () => {
    const request = fc.record({
      nonce: fc.constantFrom('a', 'b', 'c'),
      timestamp: fc.integer({ min: 0, max: 70 }),
      drift: fc.integer({ min: -40, max: 40 }),
    });
    fc.assert(
      fc.property(fc.array(request, { maxLength: 60 }), (requests) => {
        const window = new NonceWindow(1000);
        const taken = new Set<string>();
        for (const { nonce, timestamp, drift } of requests) {
          const sent = T0 + timestamp * 0.7 * MINUTE;
          const now = sent + drift * 0.5 * MINUTE;
          if (!isWithinWindow(sent, now)) continue;
          if (window.take(nonce, sent, now) !== 'fresh') continue;
          expect(taken).not.toContain(`${nonce} ${sent}`);
          taken.add(`${nonce} ${sent}`);
        }
      }),
    );
  });

  it('refuses no fresh nonce as long as the clock goes forward', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(120_000), fc.integer({ min: -SIGNATURE_WINDOW, max: SIGNATURE_WINDOW })), { maxLength: 80 }),
        (steps) => {
          const window = new NonceWindow(1000);
          let now = T0;
          for (const [i, [step, age]] of steps.entries()) {
            now += step;
            expect(window.take(`n${i}`, now + age, now)).toBe('fresh');
          }
        },
      ),
    );
  });
});
