import { type FastifyInstance } from 'fastify';
import { type ClusterSimConfig } from '../config';
import { isObject, type JsonObject } from '../objects/json';

const ROOT = '/apis/authorization.k8s.io/v1';
const RULES = {
  resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }],
  nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
  incomplete: false,
};

/** What `kubectl auth can-i` asks: the one user of this cluster may do everything but what the configuration denies. */
export const addAccessReviews = (app: FastifyInstance, config: () => Pick<ClusterSimConfig, 'denied'>): void => {
  app.post(`${ROOT}/selfsubjectaccessreviews`, async ({ body }, reply) =>
    reply.code(201).send(review('SelfSubjectAccessReview', body, { allowed: isAllowed(body, config().denied) })),
  );
  app.post(`${ROOT}/selfsubjectrulesreviews`, async ({ body }, reply) =>
    reply.code(201).send(review('SelfSubjectRulesReview', body, RULES)),
  );
};

/** `patch deployments`, `get pods/log`: a call as the configuration denies it. */
export const accessName = (verb: string, resource: string, subresource?: string): string =>
  `${verb} ${resource}${subresource ? `/${subresource}` : ''}`;

const isAllowed = (body: unknown, denied: readonly string[]): boolean => {
  const spec = isObject(body) && isObject(body.spec) ? body.spec : {};
  const { verb, resource, subresource } = isObject(spec.resourceAttributes) ? spec.resourceAttributes : {};
  if (typeof verb !== 'string' || typeof resource !== 'string') return true;
  return !denied.includes(accessName(verb, resource, typeof subresource === 'string' ? subresource : undefined));
};

const review = (kind: string, body: unknown, status: JsonObject): JsonObject => ({
  kind,
  apiVersion: 'authorization.k8s.io/v1',
  metadata: {},
  spec: isObject(body) ? body.spec : {},
  status,
});
