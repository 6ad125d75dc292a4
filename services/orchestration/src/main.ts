import { runService, serviceConfig } from '@souk/process';
import { OrchestrationModule, orchestration } from './orchestration.module';
import { orchestrationRpc } from './edges/orchestration.rpc';

runService('orchestration', () => ({
  ...serviceConfig(process.env, ['authorization', 'release']),
  definition: orchestration,
  module: OrchestrationModule,
  answers: [...orchestrationRpc],
}));
