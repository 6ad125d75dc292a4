import { randomFrom } from '@souk/coordination/testing';
import { NonceWindow } from '../src/domain/nonce-window';
import { isWithinWindow } from '../src/domain/signature';

/** As it is documented: fifteen minutes, inclusive. */
const WINDOW = 900_000;
const TWENTY_MINUTES = 20 * 60_000;

interface Signed {
  readonly nonce: string;
  readonly timestamp: number;
}

/**
 * Requests at the edges of the signature window and replays of earlier ones, at a server whose clock is set ahead and back.
 * @returns requests that were decided otherwise than documented: outside the window and taken, within it and refused, or taken twice
 */
export function windowErrors(seed: number, requests: number): number {
  const random = randomFrom(seed);
  const window = new NonceWindow(requests);
  const taken: Signed[] = [];
  const known = new Set<string>();
  let now = Date.parse('2026-01-01T00:00:00Z');
  let latest = now;
  let errors = 0;
  for (let n = 0; n < requests; n++) {
    now += Math.floor(random() * 2000);
    if (random() < 0.01) now += Math.floor((random() * 2 - 1) * TWENTY_MINUTES);
    latest = Math.max(latest, now);
    const replayed = random() < 0.3 ? taken[Math.floor(random() * taken.length)] : undefined;
    const { nonce, timestamp } = replayed ?? { nonce: `nonce${n}`, timestamp: now + distance(random) };

    const isWithin = isWithinWindow(timestamp, now);
    if (isWithin !== Math.abs(timestamp - now) <= WINDOW) errors++;
    const isTaken = isWithin && window.take(nonce, timestamp, now) === 'fresh';
    if (isTaken && known.has(nonce)) errors++;
    // Only of a server whose clock went back is a good request refused: it knows no more what was taken at that time.
    if (!isTaken && isWithin && !known.has(nonce) && now === latest) errors++;
    if (!isTaken) continue;
    known.add(nonce);
    taken.push({ nonce, timestamp });
  }
  return errors;
}

/** Of a request's time from that of the server: mostly where it matters. */
function distance(random: () => number): number {
  const edge = Math.floor(random() * 3) - 1;
  const kind = random();
  if (kind < 0.3) return WINDOW + edge;
  if (kind < 0.6) return -WINDOW + edge;
  return Math.floor((random() * 2 - 1) * 2 * WINDOW);
}
