import { runService } from '@souk/process';
import { authorization, AuthorizationModule, Bootstrap } from './authorization.module';
import { authorizationConfig } from './config';
import { authorizationRpc } from './edges/authorization.rpc';

runService('authorization', () => {
  const { config, newOperatorToken } = authorizationConfig(process.env);
  return {
    config,
    definition: authorization,
    module: AuthorizationModule,
    answers: [...authorizationRpc],
    begin: async (app) => {
      const bootstrap = app.get(Bootstrap, { strict: false });
      const operator =
        (await bootstrap.ensureOperator()) ?? (newOperatorToken ? await bootstrap.issueNewOperatorToken() : undefined);
      return operator
        ? [`  token     ${operator.token}`, '            operator, printed this once, by one replica alone: keep it']
        : [];
    },
  };
});
