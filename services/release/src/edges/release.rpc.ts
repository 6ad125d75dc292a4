import { ReleaseCommands, ReleaseQueries } from '@souk/contracts';

/** What other services ask this one, where it is a process of its own. */
export const releaseRpc = [ReleaseQueries, ReleaseCommands];
