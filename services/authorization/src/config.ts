import { type ServiceConfig, serviceConfig, ServiceEnvironment } from '@souk/process';
import { IsIn, IsOptional } from 'class-validator';

class AuthorizationEnvironment extends ServiceEnvironment {
  /** `1` prints a new operator token at this start, for when the first one was lost. */
  @IsOptional()
  @IsIn(['1'], { message: 'SOUK_NEW_OPERATOR_TOKEN must be 1 where it is given' })
  SOUK_NEW_OPERATOR_TOKEN: string | undefined = undefined;
}

export interface AuthorizationConfig {
  readonly config: ServiceConfig;
  readonly newOperatorToken: boolean;
}

/** @throws InvalidConfig with every variable that does not fit */
export function authorizationConfig(environment: NodeJS.ProcessEnv): AuthorizationConfig {
  const { config, variables } = serviceConfig(environment, ['release'], AuthorizationEnvironment);
  return { config, newOperatorToken: variables.SOUK_NEW_OPERATOR_TOKEN === '1' };
}
