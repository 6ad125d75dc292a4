import { type ServiceConfig, serviceConfig, ServiceEnvironment } from '@souk/process';
import { IsIn, IsOptional, Matches } from 'class-validator';
import {
  NETWORKS,
  type RegistryMode,
  registryModes,
  type RegistrySettings,
  registrySettingsOf,
} from './application/registry-settings';

class ReleaseEnvironment extends ServiceEnvironment {
  /** Who is asked which digest a tag stands for. */
  @IsIn(registryModes, { message: `SOUK_REGISTRIES must be one of ${registryModes.join(', ')}` })
  SOUK_REGISTRIES: RegistryMode = 'real';

  /** Where registries may be although they are not public. */
  @IsOptional()
  @Matches(NETWORKS, { message: 'SOUK_REGISTRY_NETWORKS must be networks, such as 10.1.0.0/16, separated by commas' })
  SOUK_REGISTRY_NETWORKS: string | undefined = undefined;
}

export interface ReleaseConfig {
  readonly config: ServiceConfig;
  readonly registries: RegistrySettings;
}

/** @throws InvalidConfig with every variable that does not fit */
export function releaseConfig(environment: NodeJS.ProcessEnv): ReleaseConfig {
  const { config, variables } = serviceConfig(environment, ['app-catalog', 'authorization', 'orchestration'], ReleaseEnvironment);
  return { config, registries: registrySettingsOf(variables) };
}
