import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { EventStore, PositionGone } from '@souk/event-sourcing';
import { ProjectionRunner } from '@souk/read-store';
import type { FastifyRequest } from 'fastify';

/** How long a read waits for the read models to arrive, in milliseconds. */
const PATIENCE = 5_000;

/**
 * Read-your-writes: a request with `?atLeast=<X-Event-Position of an earlier answer>` is let through when the read models have got there
 * (503 `read-model-behind` where they don't in time, 410 for a position of another store). A guard, because an interceptor would cost
 * every request what only these need.
 */
@Injectable()
export class AtLeastGuard implements CanActivate {
  constructor(
    private readonly store: EventStore,
    private readonly runner: ProjectionRunner,
  ) {}

  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    if (context.getType() !== 'http') return true;
    const { query } = context.switchToHttp().getRequest<FastifyRequest<{ Querystring: Record<string, unknown> }>>();
    const { atLeast } = query;
    if (atLeast === undefined) return true;
    if (typeof atLeast !== 'string') throw new PositionGone(JSON.stringify(atLeast));
    // Not a field of any route's own query: taken out before that is checked for unknown fields.
    delete query['atLeast'];
    return this.arrived(atLeast);
  }

  private async arrived(position: string): Promise<boolean> {
    await this.runner.waitFor(this.store.parsePosition(position), PATIENCE);
    return true;
  }
}
