import { Controller, Get, Param, UseFilters } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { ReleaseQueries } from '@souk/contracts';
import { Ctx, InjectReadModel, NotFound, problemsOf, RequestContext, Roles } from '@souk/platform';
import type { ReadModel } from '@souk/read-store';
import { type InstanceDoc, instancesProjection } from '../../projections/instances.projection';
import { deploymentStatuses } from '../http-errors';
import { signInAddresses, signInUrls } from './sign-in';

/** Apart from the instance itself, which can be looked at without asking another service. */
@ApiTags('instances')
@Controller('v1/instances/:instanceId/sso')
@UseFilters(problemsOf(deploymentStatuses))
export class SignInController {
  constructor(
    private readonly releases: ReleaseQueries,
    @InjectReadModel(instancesProjection) private readonly instances: ReadModel<InstanceDoc>,
  ) {}

  @Get()
  @Roles('buyer', 'provider')
  @ApiOperation({ summary: "Where an edge console opens the instance, or why it can't; for its owner" })
  async get(@Param('instanceId') instanceId: string, @Ctx() { principal }: RequestContext) {
    const instance = await this.instances.get(instanceId);
    if (instance?.ownerTenant !== principal.tenant) throw new NotFound('instance', instanceId);
    const sso = (await this.releases.snapshot(instance.snapshot))?.permissions.sso;
    if (!sso)
      return {
        opens: false,
        detail: `version ${instance.versionNumber} declares no path for signing in`,
        addresses: [],
        urls: [],
      };
    const [addresses, urls] = [signInAddresses(instance, sso), signInUrls(instance, sso)];
    const opens = urls.length > 0;
    const detail = `node "${sso.node}" is not reached at port ${sso.port} from outside of the cluster now`;
    return { opens, ...(!opens && { detail }), ...sso, addresses, urls };
  }
}
