import { Body, Controller, HttpCode, Post, UseFilters } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Ctx, problemsOf, RequestContext, Roles } from '@souk/platform';
import { Plans } from '../../application/plans/plans';
import { filledIn } from '../instances/filled-in';
import { deploymentStatuses } from '../http-errors';
import { PlanDto } from './plan.dto';

@ApiTags('instances')
@Controller('v1/plans')
@UseFilters(problemsOf(deploymentStatuses))
export class PlanController {
  constructor(private readonly plans: Plans) {}

  @Post()
  @HttpCode(200)
  @Roles('buyer', 'provider')
  @ApiOperation({
    summary:
      'What a deploy, an upgrade or a rollback would do: order, room, warnings, problems, objects, and the difference to what runs',
  })
  async plan(@Body() body: PlanDto, @Ctx() ctx: RequestContext) {
    const { tenant, role } = ctx.principal;
    const { parameters, secrets, ...wish } = body;
    const given = (parameters ?? secrets) ? { filledIn: filledIn(body) } : {};
    return this.plans.plan({ ...wish, ...given, tenant, asProvider: role === 'provider' }, ctx.command());
  }
}
