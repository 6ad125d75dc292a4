import { type FastifyInstance } from 'fastify';
import { type FaultRule } from '../faults/fault-rule';
import { problemsOfFaultPlan, problemsOfFaultRule } from '../faults/fault-rule.problems';
import { type Faults } from '../faults/faults';
import { ApiError, badRequest } from '../objects/api-error';
import { isObject } from '../objects/json';

/** The fault plan, and the count of requests. */
export const addFaultRoutes = (app: FastifyInstance, faults: Faults): void => {
  app.get('/sim/v1/faults', async () => ({ faults: faults.report() }));

  app.put('/sim/v1/faults', async ({ body }) => {
    const { faults: plan, ...others } = isObject(body) ? body : {};
    const unknown = Object.keys(others).map((field) => `unknown field "${field}"`);
    refuse([...unknown, ...problemsOfFaultPlan(plan)]);
    faults.replace(plan as unknown as FaultRule[]);
    return { faults: faults.report() };
  });

  app.post('/sim/v1/faults', async ({ body }, reply) => {
    refuse(problemsOfFaultRule(body));
    const { id } = body as FaultRule;
    if (id !== undefined && faults.has(id)) throw new ApiError(409, 'AlreadyExists', `faults "${id}" already exists`);
    return reply.code(201).send(faults.add(body as FaultRule));
  });

  app.delete('/sim/v1/faults', async (_request, reply) => {
    faults.replace([]);
    return reply.code(204).send();
  });

  app.delete<{ Params: { id: string } }>('/sim/v1/faults/:id', async ({ params: { id } }, reply) => {
    if (!faults.remove(id)) throw new ApiError(404, 'NotFound', `faults "${id}" not found`);
    return reply.code(204).send();
  });

  app.get('/sim/v1/requests', async () => faults.counters.report());

  app.delete('/sim/v1/requests', async (_request, reply) => {
    faults.counters.reset();
    return reply.code(204).send();
  });
};

const refuse = (problems: readonly string[]): void => {
  if (problems.length > 0) throw badRequest(problems.join('; '));
};
