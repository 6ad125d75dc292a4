import { DeploymentCommands } from '@souk/contracts';
import { field, internalPort, nothing } from '../internal-port';

export const deploymentPorts = [
  internalPort('deployment', DeploymentCommands, {
    requestInstance: { args: [field('request'), field('call')], answer: nothing },
    deleteInstance: { args: [field('instanceId'), field('call')], answer: nothing },
  }),
];
