import { runService, serviceConfig } from '@souk/process';
import { commerce, CommerceModule } from './commerce.module';

runService('commerce', () => ({
  ...serviceConfig(process.env, ['app-catalog', 'authorization', 'deployment', 'release']),
  definition: commerce,
  module: CommerceModule,
  answers: [],
}));
