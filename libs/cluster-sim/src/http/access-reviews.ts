import { type FastifyInstance } from 'fastify';
import { isObject, type JsonObject } from '../objects/json';

const ROOT = '/apis/authorization.k8s.io/v1';
const RULES = {
  resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }],
  nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
  incomplete: false,
};

/** What `kubectl auth can-i` asks: the one user of this cluster may do everything. */
export const addAccessReviews = (app: FastifyInstance): void => {
  app.post(`${ROOT}/selfsubjectaccessreviews`, async ({ body }, reply) =>
    reply.code(201).send(review('SelfSubjectAccessReview', body, { allowed: true })),
  );
  app.post(`${ROOT}/selfsubjectrulesreviews`, async ({ body }, reply) =>
    reply.code(201).send(review('SelfSubjectRulesReview', body, RULES)),
  );
};

const review = (kind: string, body: unknown, status: JsonObject): JsonObject => ({
  kind,
  apiVersion: 'authorization.k8s.io/v1',
  metadata: {},
  spec: isObject(body) ? body.spec : {},
  status,
});
