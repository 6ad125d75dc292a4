import { type FastifyInstance } from 'fastify';
import { type ConfigFile, type ImageRule, problemsOfRule } from '../config';
import { badRequest } from '../objects/api-error';

/**
 * The simulator's own routes, beside the Kubernetes API: what it is configured to do, and the rules of images.
 * `onRules` is called when the rules have changed and are on disk.
 */
export const addSimRoutes = (app: FastifyInstance, config: ConfigFile, onRules: () => void): void => {
  app.get('/sim/v1/config', async () => config.current);

  app.put<{ Params: { pattern: string } }>('/sim/v1/images/:pattern', async ({ params, body }) => {
    const problems = problemsOfRule(body);
    if (problems.length > 0) throw badRequest(problems.join('; '));
    const { behaviour, startupMs, runMs } = body as ImageRule;
    const rule = { behaviour, ...(startupMs === undefined ? {} : { startupMs }), ...(runMs === undefined ? {} : { runMs }) };
    config.setImageRule(params.pattern, rule);
    onRules();
    return { pattern: params.pattern, ...rule };
  });

  app.delete<{ Params: { pattern: string } }>('/sim/v1/images/:pattern', async ({ params }, reply) => {
    config.setImageRule(params.pattern, undefined);
    onRules();
    return reply.code(204).send();
  });
};
