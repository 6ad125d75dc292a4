import { Controller, Get, Param, Query, type Type } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Role } from '@souk/contracts';
import { type Aggregate, CommandHandler, type DomainEvent, jsonPointer, type Loaded } from '@souk/event-sourcing';
import { IsInt, IsISO8601, IsOptional, IsString, Matches, Min } from 'class-validator';
import diff from 'microdiff';
import { ApiProperty } from '@nestjs/swagger';
import type { Principal } from './auth/principal';
import { Roles } from './auth/roles.decorator';
import { InvalidInput, NotFound } from './http/errors';
import { Ctx, RequestContext } from './http/request-context';

class AsOfQuery {
  /** Revision of the stream, inclusive. */
  @IsOptional()
  @IsInt()
  @Min(0)
  revision?: number;

  /** Recorded time, inclusive: ISO 8601. */
  @IsOptional()
  @IsISO8601({ strict: true })
  time?: string;
}

const POINT = /^(\d+|\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:?\d\d)?)$/;

class DifferenceQuery {
  /** A revision, or a time (ISO 8601). */
  @IsString()
  @Matches(POINT)
  from: string;

  /** A revision, or a time (ISO 8601). Default: now. */
  @IsOptional()
  @IsString()
  @Matches(POINT)
  to?: string;
}

/** State of a resource as of a point of its history. */
export class AsOf {
  /** Revision at that point. */
  @ApiProperty()
  revision: number;
  @ApiProperty({ type: 'object', additionalProperties: true })
  state: object;
}

/** One field that differs. */
export interface FieldDifference {
  readonly op: 'added' | 'changed' | 'removed';
  /** JSON pointer into the state. */
  readonly pointer: string;
  readonly before?: unknown;
  readonly after?: unknown;
}

export interface AsOfOptions<State, Event extends DomainEvent> {
  /** Route of the resource: `v1/versions`. */
  readonly path: string;
  /** For the answer when there is none: `version`. */
  readonly kind: string;
  readonly aggregate: Aggregate<State, never, Event>;
  readonly roles: [Role, ...Role[]];
  /** The state as this principal may see it; `undefined` where there is nothing, or nothing for them. */
  readonly view: (state: State, principal: Principal) => object | undefined;
}

/**
 * A controller that answers how a resource was, from its events alone: `GET :id/as-of?revision=|time=` and
 * `GET :id/difference?from=&to=`. It folds with the service's own `evolve`.
 */
export function asOfController<State, Command, Event extends DomainEvent>(
  options: Omit<AsOfOptions<State, Event>, 'aggregate'> & { readonly aggregate: Aggregate<State, Command, Event> },
): Type {
  const { path, kind, aggregate, roles, view } = options;

  @ApiTags('history')
  @Controller(path)
  @Roles(...roles)
  class AsOfController {
    constructor(private readonly commands: CommandHandler) {}

    @Get(':id/as-of')
    @ApiOperation({ summary: `The ${kind} as of a revision or time, folded from its events` })
    async asOf(@Param('id') id: string, @Query() { revision, time }: AsOfQuery, @Ctx() ctx: RequestContext): Promise<AsOf> {
      return this.at(id, ctx.principal, {
        ...(revision !== undefined && { revision }),
        ...(time !== undefined && { time: new Date(time).toISOString() }),
      });
    }

    @Get(':id/difference')
    @ApiOperation({ summary: `What changed in the ${kind} between two revisions or times` })
    async difference(@Param('id') id: string, @Query() { from, to }: DifferenceQuery, @Ctx() ctx: RequestContext) {
      const before = await this.at(id, ctx.principal, pointOf(from, 'from'));
      const after = await this.at(id, ctx.principal, to === undefined ? {} : pointOf(to, 'to'));
      return { from: before.revision, to: after.revision, changes: differences(before.state, after.state) };
    }

    private async at(id: string, principal: Principal, point: { revision?: number; time?: string }): Promise<AsOf> {
      const loaded: Loaded<State> = await this.commands.load(aggregate, id, point);
      const state = loaded.revision < 0 ? undefined : view(loaded.state, principal);
      if (!state) throw new NotFound(kind, id);
      return { revision: loaded.revision, state };
    }
  }
  return AsOfController;
}

function pointOf(text: string, parameter: string): { revision?: number; time?: string } {
  if (/^\d+$/.test(text)) return { revision: Number(text) };
  const time = new Date(text);
  if (Number.isNaN(time.getTime()))
    throw new InvalidInput(
      [{ code: 'wrong-format', pointer: `/${parameter}`, message: `"${text}" is neither a revision nor a time` }],
      'query',
    );
  return { time: time.toISOString() };
}

const ops = { CREATE: 'added', CHANGE: 'changed', REMOVE: 'removed' } as const;

/** Field by field, with JSON pointers. */
export function differences(before: object, after: object): FieldDifference[] {
  return diff(before as Record<string, unknown>, after as Record<string, unknown>).map((change) => ({
    op: ops[change.type],
    pointer: jsonPointer(...change.path),
    ...(change.type !== 'CREATE' && { before: change.oldValue as unknown }),
    ...(change.type !== 'REMOVE' && { after: change.value as unknown }),
  }));
}
