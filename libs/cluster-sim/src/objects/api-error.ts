import { type JsonObject } from './json';
import { qualifiedKind, qualifiedPlural, type Resource } from './resources';

export interface StatusCause {
  reason: string;
  message: string;
  field?: string;
}

/** A `Status` object of failure, as the API answers it. */
export interface FailureStatus {
  kind: 'Status';
  apiVersion: 'v1';
  metadata: JsonObject;
  status: 'Failure';
  message: string;
  reason?: string;
  details?: { name?: string; group?: string; kind?: string; causes?: StatusCause[]; retryAfterSeconds?: number };
  code: number;
}

/** A request refused, in Kubernetes' words. The wording follows k8s.io/apimachinery/pkg/api/errors. */
export class ApiError extends Error {
  readonly body: FailureStatus;
  constructor(code: number, reason: string, message: string, details?: FailureStatus['details']) {
    super(message);
    this.name = 'ApiError';
    this.body = {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message,
      ...(reason ? { reason } : {}),
      ...(details ? { details } : {}),
      code,
    };
  }
  get code(): number {
    return this.body.code;
  }
}

const about = (resource: Resource, name: string): NonNullable<FailureStatus['details']> => ({
  name,
  ...(resource.group ? { group: resource.group } : {}),
  kind: resource.plural,
});

export const unauthorized = (): ApiError => new ApiError(401, 'Unauthorized', 'Unauthorized');

export const notFound = (resource: Resource, name: string): ApiError =>
  new ApiError(404, 'NotFound', `${qualifiedPlural(resource)} "${name}" not found`, about(resource, name));

export const noSuchResource = (): ApiError =>
  new ApiError(404, 'NotFound', 'the server could not find the requested resource', {});

export const alreadyExists = (resource: Resource, name: string): ApiError =>
  new ApiError(409, 'AlreadyExists', `${qualifiedPlural(resource)} "${name}" already exists`, about(resource, name));

export const conflict = (resource: Resource, name: string, why: string): ApiError =>
  new ApiError(
    409,
    'Conflict',
    `Operation cannot be fulfilled on ${qualifiedPlural(resource)} "${name}": ${why}`,
    about(resource, name),
  );

export const stale = (resource: Resource, name: string): ApiError =>
  conflict(resource, name, 'the object has been modified; please apply your changes to the latest version and try again');

export const preconditionFailed = (resource: Resource, name: string, what: string, wanted: string, found: string): ApiError =>
  conflict(resource, name, `Precondition failed: ${what} in precondition: ${wanted}, ${what} in object meta: ${found}`);

export const applyConflict = (message: string, causes: StatusCause[]): ApiError =>
  new ApiError(409, 'Conflict', message, { causes });

/** Kubernetes calls it an error of its own when an applied object does not follow the schema. */
export const unreadablePatch = (
  {
    apiVersion,
    kind,
    metadata: { namespace = '', name },
  }: { apiVersion: string; kind: string; metadata: { namespace?: string | undefined; name: string } },
  why: string,
): ApiError => {
  const type = `${apiVersion.includes('/') ? '' : '/'}${apiVersion}, Kind=${kind}`;
  return new ApiError(500, '', `failed to create typed patch object (${namespace}/${name}; ${type}): ${why}`);
};

/** A call, as the rules of access look at it. */
export interface AccessAttempt {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string | undefined;
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
}

/** The rules of access do not allow this call. */
export const notAllowed = (
  user: string,
  { verb, group, resource, subresource, namespace, name = '' }: AccessAttempt,
): ApiError => {
  const what = subresource ? `${resource}/${subresource}` : resource;
  const where = namespace === undefined ? 'at the cluster scope' : `in the namespace "${namespace}"`;
  const qualified = group ? `${resource}.${group}` : resource;
  return new ApiError(
    403,
    'Forbidden',
    `${qualified}${name && ` "${name}"`} is forbidden: User "${user}" cannot ${verb} resource "${what}" in API group "${group}" ${where}`,
    { ...(name ? { name } : {}), ...(group ? { group } : {}), kind: resource },
  );
};

export const forbidden = (resource: Resource, name: string, why: string, causes?: StatusCause[]): ApiError =>
  new ApiError(403, 'Forbidden', `${qualifiedPlural(resource)} "${name}" is forbidden: ${why}`, {
    ...about(resource, name),
    ...(causes ? { causes } : {}),
  });

export const badRequest = (message: string): ApiError => new ApiError(400, 'BadRequest', message);

export const methodNotAllowed = (): ApiError =>
  new ApiError(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource', {});

export const unsupportedMediaType = (accepted: readonly string[]): ApiError =>
  new ApiError(
    415,
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`,
  );

export const expired = (requested: number, oldest: number): ApiError =>
  new ApiError(410, 'Expired', `too old resource version: ${requested} (${oldest})`);

/** A version that this cluster has not come to: the client knows another cluster, or this one in a later life. */
export const tooLarge = (requested: number, current: number): ApiError =>
  new ApiError(504, 'Timeout', `Too large resource version: ${requested}, current: ${current}`, {
    causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
    retryAfterSeconds: 1,
  });

/** How a server in trouble refuses, whatever was asked: 429, 500, 502, 503 or 504. */
export const serverTrouble = (code: keyof typeof TROUBLES, retryAfterSeconds?: number): ApiError => {
  const [reason, message] = TROUBLES[code];
  return new ApiError(code, reason, message, retryAfterSeconds === undefined ? undefined : { retryAfterSeconds });
};

const TROUBLES = {
  429: ['TooManyRequests', 'the server has received too many requests and has asked us to try again later'],
  500: ['InternalError', 'Internal error occurred: etcdserver: leader changed'],
  502: ['', 'Bad Gateway'],
  503: ['ServiceUnavailable', 'the server is currently unable to handle the request'],
  504: ['Timeout', 'Timeout: request did not complete within the allotted timeout'],
} as const;

/** One thing that is wrong with a field; `detail` reads as in k8s.io/apimachinery/pkg/util/validation/field. */
export interface FieldProblem {
  readonly field: string;
  readonly reason:
    | 'FieldValueInvalid'
    | 'FieldValueRequired'
    | 'FieldValueDuplicate'
    | 'FieldValueNotFound'
    | 'FieldValueNotSupported'
    | 'FieldValueForbidden';
  readonly message: string;
}

const quoted = (value: unknown): string => (typeof value === 'string' ? JSON.stringify(value) : JSON.stringify(value ?? null));

export const invalidValue = (field: string, value: unknown, why: string): FieldProblem => ({
  field,
  reason: 'FieldValueInvalid',
  message: `Invalid value: ${quoted(value)}: ${why}`,
});
export const requiredValue = (field: string, why = ''): FieldProblem => ({
  field,
  reason: 'FieldValueRequired',
  message: why ? `Required value: ${why}` : 'Required value',
});
export const duplicateValue = (field: string, value: unknown): FieldProblem => ({
  field,
  reason: 'FieldValueDuplicate',
  message: `Duplicate value: ${quoted(value)}`,
});
export const unknownReference = (field: string, value: unknown): FieldProblem => ({
  field,
  reason: 'FieldValueNotFound',
  message: `Not found: ${quoted(value)}`,
});
export const unsupportedValue = (field: string, value: unknown, supported: readonly string[]): FieldProblem => ({
  field,
  reason: 'FieldValueNotSupported',
  message: `Unsupported value: ${quoted(value)}: supported values: ${supported.map((each) => JSON.stringify(each)).join(', ')}`,
});
export const forbiddenField = (field: string, why: string): FieldProblem => ({
  field,
  reason: 'FieldValueForbidden',
  message: `Forbidden: ${why}`,
});

export const invalid = (resource: Resource, name: string, problems: readonly FieldProblem[]): ApiError => {
  const lines = problems.map(({ field, message }) => `${field}: ${message}`);
  const text = lines.length === 1 ? lines[0]! : `[${lines.join(', ')}]`;
  return new ApiError(422, 'Invalid', `${qualifiedKind(resource)} "${name}" is invalid: ${text}`, {
    name,
    ...(resource.group ? { group: resource.group } : {}),
    kind: resource.kind,
    causes: problems.map(({ field, reason, message }) => ({ reason, message, field })),
  });
};
