import { createHash, randomUUID } from 'node:crypto';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { derivedId, type IdKind, newId } from '@souk/contracts';
import { type CommandContext, derivedUuid, type Position } from '@souk/event-sourcing';
import type { FastifyReply } from 'fastify';
import type { AuthenticatedRequest } from '../auth/auth.guard';
import type { Principal } from '../auth/principal';
import { InvalidInput, PreconditionRequired, Unauthenticated } from './errors';

/** What is said about a command's outcome in the answer's headers. */
export interface Written {
  readonly revision: number;
  readonly position?: Position;
}

/** One HTTP request as the edges see it: who asks, in which chain of causes, and how to answer by the API's conventions. */
export class RequestContext {
  readonly requestId: string;
  readonly correlationId: string;

  constructor(
    private readonly request: AuthenticatedRequest,
    private readonly reply: FastifyReply,
  ) {
    this.requestId = request.id;
    this.correlationId = headerText(request.headers['x-correlation-id']) ?? traceId(request.headers['traceparent']) ?? request.id;
  }

  /** @throws Unauthenticated on a public route */
  get principal(): Principal {
    if (!this.request.principal) throw new Unauthenticated();
    return this.request.principal;
  }

  /**
   * The context of the command that this request is. With an Idempotency-Key the same request again is the same command.
   * @throws PreconditionRequired where If-Match is required and missing
   */
  command(options: { readonly ifMatch?: 'required' | 'optional'; readonly reason?: string | undefined } = {}): CommandContext {
    const { tenant, user, role } = this.principal;
    const ifMatch = options.ifMatch && this.ifMatch(options.ifMatch);
    return {
      commandId: this.commandId(),
      correlationId: this.correlationId,
      causationId: this.requestId,
      actor: { kind: role === 'billing' ? 'billing' : 'user', id: user, tenant, role },
      ...(options.reason !== undefined && { reason: options.reason }),
      ...(ifMatch !== undefined && { ifMatch }),
    };
  }

  /**
   * Id for what the request creates: with an Idempotency-Key it follows from the command, so that the same request again finds what the
   * first one made, and another request under the same key does not.
   */
  newId(kind: IdKind): string {
    return this.idempotencyKey() ? derivedId(kind, this.commandId()) : newId(kind);
  }

  /** Tells the caller the new revision (ETag) and where to wait for it when reading (X-Event-Position). */
  written({ revision, position }: Written): void {
    this.etag(revision);
    if (position) this.seenFrom(position);
  }

  /** Tells the caller where to wait for what was written when reading. */
  seenFrom(position: Position): void {
    void this.reply.header('x-event-position', position);
  }

  etag(revision: number): void {
    void this.reply.header('etag', `"${revision}"`);
  }

  location(path: string): void {
    void this.reply.header('location', path);
  }

  private commandId(): string {
    const key = this.idempotencyKey();
    if (!key) return randomUUID();
    const { tenant, user } = this.principal;
    const body = createHash('sha256')
      .update(JSON.stringify(this.request.body ?? null))
      .digest('base64');
    return derivedUuid('http', tenant, user, this.request.method, this.request.url, key, body);
  }

  private idempotencyKey(): string | undefined {
    const key = headerText(this.request.headers['idempotency-key']);
    if (key && key.length > 255)
      throw new InvalidInput(
        [{ code: 'too-long', pointer: '', message: 'Idempotency-Key must have at most 255 characters' }],
        'header',
      );
    return key;
  }

  private ifMatch(mode: 'required' | 'optional'): number | undefined {
    const header = headerText(this.request.headers['if-match']);
    if (header === undefined && mode === 'required') throw new PreconditionRequired();
    if (header === undefined || header === '*') return undefined;
    const revision = /^(?:W\/)?"(-?\d+)"$/.exec(header)?.[1];
    if (revision === undefined)
      throw new InvalidInput(
        [{ code: 'wrong-format', pointer: '', message: `If-Match must be an ETag such as "3", not ${header}` }],
        'header',
      );
    return Number(revision);
  }
}

/** The {@link RequestContext} of the request. */
export const Ctx = createParamDecorator((_: unknown, context: ExecutionContext): RequestContext => {
  const http = context.switchToHttp();
  return new RequestContext(http.getRequest<AuthenticatedRequest>(), http.getResponse<FastifyReply>());
});

function headerText(value: string | string[] | undefined): string | undefined {
  const text = Array.isArray(value) ? value[0] : value;
  return text === undefined || text === '' ? undefined : text.slice(0, 1024);
}

/** Trace id of a W3C traceparent. */
function traceId(header: string | string[] | undefined): string | undefined {
  return /^[0-9a-f]{2}-([0-9a-f]{32})-/.exec(headerText(header) ?? '')?.[1];
}
