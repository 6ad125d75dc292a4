import { runService, serviceConfig } from '@souk/process';
import { ReleaseModule, release } from './release.module';
import { releaseRpc } from './edges/release.rpc';

runService('release', () => ({
  ...serviceConfig(process.env, ['app-catalog', 'authorization', 'orchestration']),
  definition: release,
  module: ReleaseModule,
  answers: [...releaseRpc],
}));
