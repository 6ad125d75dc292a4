import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { EventStore } from '@souk/event-sourcing';
import { ProjectionRunner } from '@souk/read-store';
import type { FastifyRequest } from 'fastify';
import type { Observable } from 'rxjs';

/** How long a read waits for the read models to arrive, in milliseconds. */
const PATIENCE = 5_000;

/**
 * Read-your-writes: a GET with `?atLeast=<X-Event-Position of an earlier answer>` is answered when the read models have got there
 * (503 `read-model-behind` where they don't in time, 410 for a position of another store).
 */
@Injectable()
export class AtLeastInterceptor implements NestInterceptor {
  constructor(
    private readonly store: EventStore,
    private readonly runner: ProjectionRunner,
  ) {}

  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    if (context.getType() === 'http') {
      const { query } = context.switchToHttp().getRequest<FastifyRequest<{ Querystring: Record<string, unknown> }>>();
      const { atLeast } = query;
      if (typeof atLeast === 'string') {
        // Not a field of any route's own query: taken out before that is checked for unknown fields.
        delete query['atLeast'];
        await this.runner.waitFor(this.store.parsePosition(atLeast), PATIENCE);
      }
    }
    return next.handle();
  }
}
