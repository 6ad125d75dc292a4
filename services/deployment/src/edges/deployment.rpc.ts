import { DeploymentCommands } from '@souk/contracts';

/** What other services ask this one, where it is a process of its own. */
export const deploymentRpc = [DeploymentCommands];
