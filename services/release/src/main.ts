import { runService } from '@souk/process';
import { releaseConfig } from './config';
import { releaseRpc } from './edges/release.rpc';
import { ReleaseModule, release } from './release.module';

runService('release', () => {
  const { config, registries } = releaseConfig(process.env);
  return { config, definition: release, module: ReleaseModule.with(registries), answers: [...releaseRpc] };
});
