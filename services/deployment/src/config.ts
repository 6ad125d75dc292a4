import { resolve } from 'node:path';
import { type ServiceConfig, serviceConfig, ServiceEnvironment } from '@souk/process';
import { IsInt, IsOptional, IsString, IsUrl, Max, Min } from 'class-validator';
import { type DeploymentTuning, tuningOf, withDeploymentVariables } from './deployment-variables';

const SIMULATED_CLOUD_RANGE = 'SOUK_SIMULATED_CLOUD_SECONDS must be a whole number between 0 and 3600';

class DeploymentEnvironment extends withDeploymentVariables(ServiceEnvironment) {
  /** Where instances reach the platform: the address of its edge. */
  @IsUrl(
    { require_tld: false, require_protocol: true, protocols: ['http', 'https'] },
    { message: 'SOUK_API_URL is needed: an http(s) URL, under which instances reach the platform' },
  )
  SOUK_API_URL: string | undefined = undefined;

  /** How long a simulated cloud takes to make something, in seconds; without it there is none. */
  @IsOptional()
  @IsInt({ message: SIMULATED_CLOUD_RANGE })
  @Min(0, { message: SIMULATED_CLOUD_RANGE })
  @Max(3600, { message: SIMULATED_CLOUD_RANGE })
  SOUK_SIMULATED_CLOUD_SECONDS: number | undefined = undefined;
  /** The file in which a simulated cluster tells where it listens, for tests and demos. It is registered as a shared cluster then. */
  @IsOptional()
  @IsString({ message: 'SOUK_SIMULATED_KUBECONFIG must be a file' })
  SOUK_SIMULATED_KUBECONFIG: string | undefined = undefined;

  /** Where this process keeps logs of instances. Another replica would not see them: it is for one alone. */
  @IsOptional()
  @IsString({ message: 'SOUK_LOG_DIRECTORY must be a folder' })
  SOUK_LOG_DIRECTORY: string | undefined = undefined;
}

export interface DeploymentConfig extends DeploymentTuning {
  readonly config: ServiceConfig;
  readonly apiUrl: string;
  readonly simulatedKubeconfig?: string;
  readonly logDirectory?: string;
  readonly simulatedCloudMs?: number;
}

/** @throws InvalidConfig with every variable that does not fit */
export function deploymentConfig(environment: NodeJS.ProcessEnv): DeploymentConfig {
  const { config, variables } = serviceConfig(environment, ['app-catalog', 'authorization', 'release'], DeploymentEnvironment);
  const { SOUK_LOG_DIRECTORY, SOUK_SIMULATED_CLOUD_SECONDS, SOUK_SIMULATED_KUBECONFIG } = variables;
  return {
    ...tuningOf(variables),
    config,
    apiUrl: variables.SOUK_API_URL!,
    ...(SOUK_LOG_DIRECTORY !== undefined && { logDirectory: resolve(SOUK_LOG_DIRECTORY) }),
    ...(SOUK_SIMULATED_CLOUD_SECONDS !== undefined && { simulatedCloudMs: SOUK_SIMULATED_CLOUD_SECONDS * 1000 }),
    ...(SOUK_SIMULATED_KUBECONFIG !== undefined && { simulatedKubeconfig: resolve(SOUK_SIMULATED_KUBECONFIG) }),
  };
}
