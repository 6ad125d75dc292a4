import { type FastifyInstance, type FastifyRequest } from 'fastify';
import { isObject, type JsonObject } from '../objects/json';
import { type AccessControl, type User } from './access-control';

const ROOT = '/apis/authorization.k8s.io/v1';
const EVERYTHING = { verbs: ['*'], apiGroups: ['*'], resources: ['*'] };

/** What `kubectl auth can-i` asks: what the one who asks may do. */
export const addAccessReviews = (
  app: FastifyInstance,
  access: AccessControl,
  userOf: (request: FastifyRequest) => User,
): void => {
  app.post(`${ROOT}/selfsubjectaccessreviews`, async (request, reply) =>
    reply
      .code(201)
      .send(review('SelfSubjectAccessReview', request.body, { allowed: isAllowed(request.body, access, userOf(request)) })),
  );
  app.post(`${ROOT}/selfsubjectrulesreviews`, async (request, reply) => {
    const { account } = userOf(request);
    const resourceRules = account ? access.rulesOf(account) : [EVERYTHING];
    const nonResourceRules = [{ verbs: [account ? 'get' : '*'], nonResourceURLs: ['*'] }];
    const rules = { resourceRules, nonResourceRules, incomplete: false } as unknown as JsonObject;
    return reply.code(201).send(review('SelfSubjectRulesReview', request.body, rules));
  });
};

const isAllowed = (body: unknown, access: AccessControl, user: User): boolean => {
  const spec = isObject(body) && isObject(body.spec) ? body.spec : {};
  const attributes = isObject(spec.resourceAttributes) ? spec.resourceAttributes : {};
  const text = (field: string): string | undefined => {
    const value = attributes[field];
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const [verb, resource] = [text('verb'), text('resource')];
  // What is no resource is there for everybody who is known.
  if (verb === undefined || resource === undefined) return true;
  const [subresource, namespace, name] = [text('subresource'), text('namespace'), text('name')];
  return access.isAllowed(user, { verb, group: text('group') ?? '', resource, subresource, namespace, name });
};

const review = (kind: string, body: unknown, status: JsonObject): JsonObject => ({
  kind,
  apiVersion: 'authorization.k8s.io/v1',
  metadata: {},
  spec: isObject(body) ? body.spec : {},
  status,
});
