import { ReleaseCommands, ReleaseQueries } from '@souk/contracts';
import { field, internalPort, json } from '../internal-port';

export const releasePorts = [
  internalPort('release', ReleaseQueries, {
    version: { args: [field('versionId')], answer: field('version') },
    newestReleased: { args: [field('appId')], answer: field('version') },
    // Named by its digest: deployment asks for one whenever it works on an instance.
    snapshot: { args: [field('digest')], answer: json('snapshot'), keeps: 200 },
  }),
  internalPort('release', ReleaseCommands, {
    trialSnapshot: { args: [field('versionId'), field('call')], answer: field('digest') },
  }),
];
