import { Controller, Get, Param, UseFilters } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Ctx, InjectReadModel, NotFound, problemsOf, RequestContext, Roles } from '@souk/platform';
import type { ReadModel } from '@souk/read-store';
import { type InstanceDoc, instancesProjection } from '../../projections/instances.projection';
import { type ServicesDoc, servicesProjection } from '../../projections/services.projection';
import { deploymentStatuses } from '../http-errors';

@ApiTags('instances')
@Controller('v1/instances/:instanceId/services')
@UseFilters(problemsOf(deploymentStatuses))
export class ServiceController {
  constructor(
    @InjectReadModel(instancesProjection) private readonly instances: ReadModel<InstanceDoc>,
    @InjectReadModel(servicesProjection) private readonly services: ReadModel<ServicesDoc>,
  ) {}

  @Get()
  @Roles('buyer', 'provider')
  @ApiOperation({ summary: 'Services that the instance uses and where they are, and those that it provides; for its owner' })
  async get(@Param('instanceId') instanceId: string, @Ctx() { principal }: RequestContext) {
    const instance = await this.instances.get(instanceId);
    if (instance?.ownerTenant !== principal.tenant) throw new NotFound('instance', instanceId);
    const { bound = [], offers = [] } = (await this.services.get(instanceId)) ?? {};
    return { uses: bound, provides: offers };
  }
}
