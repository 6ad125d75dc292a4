import { Controller, Get, UseFilters } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { problemsOf, Roles } from '@souk/platform';
import { CloudProviders, type ProviderCatalogue } from '../../application/cloud/cloud-providers';
import { deploymentStatuses } from '../http-errors';

/** What a cloud node may be. */
@ApiTags('cloud services')
@Controller('v1/cloud-services')
@UseFilters(problemsOf(deploymentStatuses))
@Roles('provider', 'buyer', 'operator')
export class CloudServiceController {
  constructor(private readonly providers: CloudProviders) {}

  @Get()
  @ApiOperation({ summary: 'Services and plans that cloud nodes can name, of all providers' })
  async list() {
    const catalogues = await this.providers.catalogue();
    return {
      items: catalogues.flatMap(servicesOf),
      unavailable: catalogues.flatMap(({ provider, trouble }) => (trouble === undefined ? [] : [{ provider }])),
    };
  }
}

function servicesOf({ provider, offerings }: ProviderCatalogue) {
  return offerings.map(({ name, description, tags, plans }) => ({
    service: name,
    description,
    tags,
    provider,
    plans: plans.map((plan) => ({
      plan: plan.name,
      description: plan.description,
      bindable: plan.bindable,
      updatable: plan.updatable,
      ...(plan.parameters && { parameters: plan.parameters }),
    })),
  }));
}
