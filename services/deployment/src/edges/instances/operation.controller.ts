import { Body, Controller, Get, Headers, HttpCode, type MessageEvent, Param, Post, Sse, UseFilters } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { EventStore, type RecordedEvent } from '@souk/event-sourcing';
import {
  Ctx,
  InjectReadModel,
  NotFound,
  type Principal,
  problemsOf,
  RequestContext,
  Roles,
  streamEvents,
  type Told,
} from '@souk/platform';
import type { ReadModel } from '@souk/read-store';
import type { Observable } from 'rxjs';
import { Interventions } from '../../application/instances/interventions';
import { type InstanceDoc, instancesProjection } from '../../projections/instances.projection';
import { type OperationDoc, operationsProjection } from '../../projections/operations.projection';
import { deploymentStatuses } from '../http-errors';
import { InterventionDto } from './instance.dto';
import { maySee, operationView } from './instance.view';

@ApiTags('instances')
@Controller('v1/operations')
@UseFilters(problemsOf(deploymentStatuses))
export class OperationController {
  constructor(
    private readonly store: EventStore,
    private readonly interventions: Interventions,
    @InjectReadModel(instancesProjection) private readonly instances: ReadModel<InstanceDoc>,
    @InjectReadModel(operationsProjection) private readonly operations: ReadModel<OperationDoc>,
  ) {}

  @Get(':operationId')
  @Roles('provider', 'buyer', 'operator')
  @ApiOperation({ summary: 'One deployment record: who, when, why, steps, outcome' })
  async get(@Param('operationId') operationId: string, @Ctx() { principal }: RequestContext) {
    const { operation, instance } = await this.visible(operationId, principal);
    return operationView(operation, instance.ownerTenant === principal.tenant);
  }

  @Sse(':operationId/events')
  @Roles('provider', 'buyer', 'operator')
  @ApiOperation({ summary: 'Progress, live, as server-sent events; ends with the operation' })
  async events(
    @Param('operationId') operationId: string,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Ctx() { principal }: RequestContext,
  ): Promise<Observable<MessageEvent>> {
    const { instance } = await this.visible(operationId, principal);
    const isOwner = instance.ownerTenant === principal.tenant;
    return streamEvents(this.store, `operation-${operationId}`, lastEventId, (event) => toldOf(event, isOwner));
  }

  @Post(':operationId/resume')
  @HttpCode(202)
  @Roles('operator')
  @ApiOperation({ summary: 'Go on at once with an operation that is stalled or suspended' })
  async resume(@Param('operationId') operationId: string, @Body() { reason }: InterventionDto, @Ctx() ctx: RequestContext) {
    const { instance } = await this.visible(operationId, ctx.principal);
    const { instanceId } = instance;
    ctx.written(await this.interventions.resumeOperation(operationId, { instanceId, reason }, ctx.command({ reason })));
    ctx.location(`/v1/operations/${operationId}`);
    return { instanceId, operationId };
  }

  @Post(':operationId/retry')
  @HttpCode(202)
  @Roles('provider', 'buyer', 'operator')
  @ApiOperation({ summary: 'Try once more what the operation has failed at, init nodes as well: by another operation' })
  async retry(@Param('operationId') failed: string, @Body() { reason }: InterventionDto, @Ctx() ctx: RequestContext) {
    const { instance } = await this.visible(failed, ctx.principal);
    const { instanceId, ownerTenant } = instance;
    if (ctx.principal.role !== 'operator' && ownerTenant !== ctx.principal.tenant) throw new NotFound('operation', failed);
    const operationId = ctx.newId('operation');
    ctx.written(await this.interventions.retry(failed, instance, operationId, ctx.command({ reason })));
    ctx.location(`/v1/operations/${operationId}`);
    return { instanceId, operationId };
  }

  @Post(':operationId/nodes/:node/override')
  @HttpCode(202)
  @Roles('operator')
  @ApiOperation({ summary: 'Take a node for ready, or for completed, in this operation' })
  async override(
    @Param('operationId') operationId: string,
    @Param('node') node: string,
    @Body() { reason }: InterventionDto,
    @Ctx() ctx: RequestContext,
  ) {
    const { instance } = await this.visible(operationId, ctx.principal);
    const { instanceId } = instance;
    ctx.written(await this.interventions.override(operationId, node, { instanceId, reason }, ctx.command({ reason })));
    ctx.location(`/v1/operations/${operationId}`);
    return { instanceId, operationId };
  }

  private async visible(operationId: string, principal: Principal) {
    const operation = (await this.operations.get(operationId)) ?? (await this.justRequested(operationId));
    const instance = operation && (await this.instances.get(operation.instanceId));
    if (!operation || !instance || !maySee(principal, instance)) throw new NotFound('operation', operationId);
    return { operation, instance };
  }

  /** Whoever follows the Location of a 202 at once may be ahead of the read model. */
  private async justRequested(operationId: string): Promise<OperationDoc | undefined> {
    const head = await this.store.head();
    await Promise.all([this.operations.waitFor(head, PATIENCE), this.instances.waitFor(head, PATIENCE)]);
    return this.operations.get(operationId);
  }
}

/** How long a new operation may take to reach the read model, in milliseconds. */
const PATIENCE = 2_000;

const last: ReadonlySet<string> = new Set(['OperationSucceeded', 'OperationFailed', 'OperationRolledBack', 'OperationPreempted']);

function toldOf({ type, data, recordedAt }: RecordedEvent, isOwner: boolean): Told {
  const { node, kind, waves, unchanged, address, code, reason, to } = data as Record<string, unknown>;
  const own = isOwner ? { address, reason } : {};
  return { type, data: { type, at: recordedAt, node, kind, waves, unchanged, code, to, ...own }, last: last.has(type) };
}
