import { Body, Controller, Delete, Get, HttpCode, Param, Put, UseFilters } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Ctx, InvalidInput, problemsOf, RequestContext, Roles } from '@souk/platform';
import { parseImage } from '@souk/topology';
import { RegistryLogins } from '../application/registry-logins';
import { loginErrors } from './http-errors';
import { RegistryLoginDto } from './image.dto';

/** Passwords go in and never come out: they reach the registry that they are for, and nobody else. */
@ApiTags('images')
@Controller('v1/registry-credentials')
@UseFilters(problemsOf(loginErrors))
@Roles('provider')
export class RegistryLoginController {
  constructor(private readonly logins: RegistryLogins) {}

  @Get()
  @ApiOperation({ summary: 'Registries that the provider has a login for' })
  async list(@Ctx() { principal }: RequestContext) {
    return { items: await this.logins.list(principal.tenant) };
  }

  @Put(':registry')
  @HttpCode(204)
  @ApiOperation({ summary: 'Store a login, or replace it' })
  async put(
    @Param('registry') registry: string,
    @Body() { username, password }: RegistryLoginDto,
    @Ctx() { principal }: RequestContext,
  ): Promise<void> {
    if (parseImage(`${registry}/any`)?.registry !== registry) {
      const message = 'a registry is written as in images: registry.example.com, docker.io';
      throw new InvalidInput([{ code: 'wrong-format', pointer: '/registry', message }], 'path');
    }
    await this.logins.put(principal.tenant, registry, { username, password });
  }

  @Delete(':registry')
  @HttpCode(204)
  @ApiOperation({ summary: 'Forget a login' })
  async delete(@Param('registry') registry: string, @Ctx() { principal }: RequestContext): Promise<void> {
    await this.logins.delete(principal.tenant, registry);
  }
}
