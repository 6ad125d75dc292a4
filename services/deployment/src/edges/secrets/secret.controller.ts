import { Body, Controller, Delete, Get, HttpCode, Param, Put, UseFilters } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Ctx, InvalidInput, problemsOf, RequestContext, Roles } from '@souk/platform';
import { TenantSecrets } from '../../application/secrets/tenant-secrets';
import { deploymentStatuses } from '../http-errors';
import { SecretValueDto } from '../instances/instance.dto';

const NAME = /^[A-Za-z][A-Za-z0-9_.-]{0,62}$/;

/** Values go in and never come out: they reach instances, and nobody else. */
@ApiTags('secrets')
@Controller('v1/secrets')
@UseFilters(problemsOf(deploymentStatuses))
@Roles('buyer', 'provider')
export class SecretController {
  constructor(private readonly secrets: TenantSecrets) {}

  @Get()
  @ApiOperation({ summary: 'Names of the stored secrets' })
  async list(@Ctx() { principal }: RequestContext) {
    return { items: (await this.secrets.names(principal.tenant)).map((name) => ({ name })) };
  }

  @Put(':name')
  @HttpCode(204)
  @ApiOperation({ summary: 'Store a secret, or replace it for instances to come' })
  async put(@Param('name') name: string, @Body() { value }: SecretValueDto, @Ctx() { principal }: RequestContext): Promise<void> {
    if (!NAME.test(name))
      throw new InvalidInput([{ code: 'wrong-format', pointer: '/name', message: `a name matches ${NAME.source}` }], 'path');
    await this.secrets.put(principal.tenant, name, value);
  }

  @Delete(':name')
  @HttpCode(204)
  @ApiOperation({ summary: 'Forget a secret; instances that were given it keep it' })
  async delete(@Param('name') name: string, @Ctx() { principal }: RequestContext): Promise<void> {
    await this.secrets.delete(principal.tenant, name);
  }
}
