import { type ConfigurationAtRevision, OrchestrationCommands, OrchestrationQueries } from '@souk/contracts';
import { field, fromJsonBytes, internalPort, jsonBytes, type Part, nothing } from '../internal-port';

type Sent = Omit<ConfigurationAtRevision, 'topology'> & { readonly topology: Buffer };

const configurations: Part<readonly ConfigurationAtRevision[]> = {
  write: (all) => ({ configurations: all.map((one) => ({ ...one, topology: jsonBytes(one.topology) })) }),
  read: (message) =>
    (message['configurations'] as readonly Sent[]).map((one) => ({
      ...one,
      topology: fromJsonBytes(one.topology) as ConfigurationAtRevision['topology'],
    })),
};

export const orchestrationPorts = [
  internalPort('orchestration', OrchestrationQueries, {
    configurationsOf: { args: [field('versionId')], answer: configurations },
  }),
  internalPort('orchestration', OrchestrationCommands, {
    cloneConfigurations: { args: [field('fromVersionId'), field('toVersionId'), field('call')], answer: nothing },
  }),
];
