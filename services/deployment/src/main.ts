import { runService } from '@souk/process';
import { deploymentConfig } from './config';
import { deployment, DeploymentModule, SharedCluster } from './deployment.module';
import { deploymentRpc } from './edges/deployment.rpc';

runService('deployment', () => {
  const { config, ...options } = deploymentConfig(process.env);
  return {
    config,
    definition: deployment,
    module: DeploymentModule.with(options),
    answers: [...deploymentRpc],
    begin: async (app) => {
      if (options.simulatedKubeconfig === undefined) return [];
      await app.get(SharedCluster, { strict: false }).register();
      return [`  cluster   simulated, ${options.simulatedKubeconfig}`];
    },
  };
});
