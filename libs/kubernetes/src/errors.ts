/** Something that the API of a cluster, or the way there, answered. */
export abstract class KubernetesError extends Error {
  abstract readonly code: string;
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

export class NotFound extends KubernetesError {
  readonly code = 'not-found';
}

/** The object is not what the request took it for (uid, resourceVersion), or is being deleted. */
export class Conflict extends KubernetesError {
  readonly code = 'conflict';
}

/** The object is not valid; the message is Kubernetes' own. */
export class Unprocessable extends KubernetesError {
  readonly code = 'unprocessable';
}

/** The credentials do not suffice. */
export class AccessDenied extends KubernetesError {
  readonly code = 'access-denied';
}

/** The version that a watch wanted to go on from is too old: list anew. */
export class Gone extends KubernetesError {
  readonly code = 'gone';
}

/** The cluster asked to slow down more often than a request waits for. */
export class Throttled extends KubernetesError {
  readonly code = 'throttled';
}

/** Any other refusal. */
export class Refused extends KubernetesError {
  readonly code = 'refused';
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/** No (complete) answer: refused connection, time-out, TLS, or an error of the server itself. Whether the request had an effect is unknown. */
export class Unreachable extends KubernetesError {
  readonly code = 'unreachable';
}

/** Of those, one where the server was there: it stumbled over this call, or the connection broke off. The next try may well go through. */
export class Interrupted extends Unreachable {}

/** The error that an HTTP status of the API stands for; `body` is a `Status` object, mostly. */
export function errorOf(status: number, body: string): KubernetesError {
  const message = messageOf(body) ?? `the cluster answered ${status}`;
  if (status === 404) return new NotFound(message);
  if (status === 409) return new Conflict(message);
  if (status === 410) return new Gone(message);
  if (status === 422) return new Unprocessable(message);
  if (status === 401 || status === 403) return new AccessDenied(message);
  if (status === 429) return new Throttled(message);
  if (status === 500 && UNREADABLE.test(message)) return new Unprocessable(message);
  return status >= 500 ? new Interrupted(message) : new Refused(status, message);
}

/** How a server-side apply answers to an object that does not follow its schema: as an error of the server, which stays. */
const UNREADABLE = /^failed to (create typed patch|convert new) object \(/;

function messageOf(body: string): string | undefined {
  try {
    const { message } = JSON.parse(body) as { message?: unknown };
    return typeof message === 'string' ? message : undefined;
  } catch {
    return undefined;
  }
}
