import type { TokenAuthority } from '@souk/platform';
import type { OpenCall } from './internal-port';

/** Milliseconds between signs of life: whoever hears none for some of them keeps nothing that was verified. */
export const SIGN_OF_LIFE = 1_000;

/** Messages that wait for a listener that does not read. Beyond that it is left to ask again. */
const MAX_WAITING = 1_000;

/** Tells of users to whom something has happened, for as long as the call is open; and regularly, from now on, that it would tell. */
export function tellUsersChanged(authority: TokenAuthority, call: OpenCall): void {
  const tell = (userIds: readonly string[]) => {
    if (call.writableEnded) return;
    call.write({ userIds });
    if (call.writableLength <= MAX_WAITING) return;
    stop();
    call.end();
  };
  const live = () => {
    if (authority.isTelling) tell([]);
  };
  const stopWatching = authority.watchUsers(tell);
  const heartbeat = setInterval(live, SIGN_OF_LIFE).unref();
  const stop = () => {
    stopWatching();
    clearInterval(heartbeat);
  };
  call.once('cancelled', stop).once('finish', stop);
  live();
}
