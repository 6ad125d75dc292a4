// What happens on a day: drawn from a seed, so that the same seed is the same day.
import { randomOf } from '../../../bench/src/statistics.mjs';

/** When the versions come out. */
export const RELEASES = { '1.1.0': 8, '1.2.0': 14 };

/** Hours at which something is wrong with a cluster, by its place in the list; the worst of it is over after that many milliseconds. */
export const WEATHER = [
  { hour: 9, cluster: 2, what: 'does not answer', outageMs: 2_000 },
  { hour: 13, cluster: 6, what: 'answers 429 and 500', probability: 0.15 },
  { hour: 16, cluster: 10, what: 'does not answer', outageMs: 4_000 },
  { hour: 20, cluster: 14, what: 'breaks connections', probability: 0.1 },
];

/**
 * Orders with what becomes of them, hour by hour: `{ order, cluster, acts: [{ hour, kind }] }`. The first act is the payment, but for those whose refund
 * arrives before it.
 */
export function planOf(seed, orders, clusters) {
  const random = randomOf(seed);
  const chance = (p) => random() < p;
  const later = (hour, from = 0) => Math.max(hour + 1, from) + Math.floor(random() * 4);
  return Array.from({ length: orders }, (_, n) => {
    // More by day than by night.
    const hour = Math.min(20, Math.floor((random() + random()) * 11));
    const order = { order: `order-${n + 1}`, cluster: Math.floor(random() * clusters) };
    if (chance(0.03))
      return {
        ...order,
        acts: [
          { hour, kind: 'refund' },
          { hour: hour + 1, kind: 'pay' },
        ],
      };
    const acts = [{ hour, kind: 'pay', times: 1 + Math.floor(random() * 3) }];
    let at = hour;
    const then = (probability, kind, from) => {
      if (!chance(probability)) return;
      const next = later(at, from);
      if (next > 23) return;
      at = next;
      acts.push({ hour: at, kind });
    };
    then(0.3, 'upgrade', RELEASES['1.1.0']);
    then(0.15, 'restart');
    then(0.12, 'scale');
    then(0.08, 'upgrade-that-fails', RELEASES['1.2.0']);
    then(0.1, 'meddle');
    then(0.15, 'stop');
    if (acts.at(-1).kind === 'stop') then(0.5, 'start');
    then(0.25, 'refund');
    return { ...order, acts };
  });
}
