import { Controller, Get, HttpStatus, Query, UseFilters, UseGuards } from '@nestjs/common';
import { ApiOperation, ApiSecurity, ApiTags } from '@nestjs/swagger';
import { AuthorizationQueries, ReleaseQueries } from '@souk/contracts';
import { InjectReadModel, NotFound, PageQuery, problemsOf, Public } from '@souk/platform';
import type { ReadModel } from '@souk/read-store';
import { type InstanceDoc, instancesProjection } from '../../projections/instances.projection';
import { type OperationDoc, operationsProjection } from '../../projections/operations.projection';
import { AppKeyGuard, type Caller, CallingInstance } from './app-key.guard';
import { deploymentStatuses } from '../http-errors';
import { operationView } from '../instances/instance.view';
import { signInAddresses } from './sign-in';

/** What an instance may ask about itself, as far as its version declared it. */
@ApiTags('open')
@ApiSecurity({})
@Controller('open/v1')
@Public()
@UseGuards(AppKeyGuard)
@UseFilters(problemsOf({ ...deploymentStatuses, 'not-granted': HttpStatus.FORBIDDEN }))
export class OpenController {
  constructor(
    private readonly authorization: AuthorizationQueries,
    private readonly releases: ReleaseQueries,
    @InjectReadModel(instancesProjection) private readonly instances: ReadModel<InstanceDoc>,
    @InjectReadModel(operationsProjection) private readonly operations: ReadModel<OperationDoc>,
  ) {}

  @Get('instance')
  @ApiOperation({ summary: 'The state of the instance itself (signed by its AppKey)' })
  async instance(@CallingInstance() caller: Caller) {
    const { instanceId, name, appId, versionId, versionNumber, configuration, status, createdAt, updatedAt } =
      await this.own(caller);
    return { instanceId, name, appId, versionId, versionNumber, configuration, status, createdAt, updatedAt };
  }

  @Get('instance/nodes')
  @ApiOperation({ summary: 'The nodes of the instance and their addresses (signed by its AppKey)' })
  async nodes(@CallingInstance() caller: Caller) {
    return { items: (await this.own(caller)).nodes };
  }

  @Get('instance/operations')
  @ApiOperation({ summary: 'The deployment records of the instance (signed by its AppKey)' })
  async records(@Query() { limit, cursor }: PageQuery, @CallingInstance() { instanceId, ownerTenant }: Caller) {
    const page = await this.operations.query({
      index: 'byInstance',
      where: { instanceId },
      order: 'descending',
      audience: ownerTenant,
      ...(limit && { limit }),
      ...(cursor && { cursor }),
    });
    return { ...page, items: page.items.map((operation) => operationView(operation, true)) };
  }

  @Get('data-models')
  @ApiOperation({ summary: 'The data models that the instance was granted (signed by its AppKey)' })
  async dataModels(@CallingInstance() { instanceId }: Caller) {
    return { items: (await this.authorization.credentialOf(instanceId))?.grants.dataModels ?? [] };
  }

  @Get('sso')
  @ApiOperation({ summary: 'Where users of the edge console are signed in to the instance (signed by its AppKey)' })
  async sso(@CallingInstance() caller: Caller) {
    const instance = await this.own(caller);
    const sso = (await this.releases.snapshot(instance.snapshot))?.permissions.sso;
    if (!sso) throw new NotFound('path for signing in of instance', instance.instanceId);
    return { ...sso, addresses: signInAddresses(instance, sso) };
  }

  private async own({ instanceId }: Caller): Promise<InstanceDoc> {
    const instance = await this.instances.get(instanceId);
    if (!instance) throw new NotFound('instance', instanceId);
    return instance;
  }
}
