import { Body, Controller, Get, Param, Put, UseFilters } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { platformApis, roles } from '@souk/contracts';
import { Ctx, problemsOf, RequestContext, Roles } from '@souk/platform';
import { PermissionDeclarations } from '../application/permission-declarations';
import { declared, missingPermissions } from '../domain/declaration';
import { authorizationErrors } from './http-errors';
import { PermissionsDto } from './permissions.dto';

@ApiTags('permissions')
@Controller('v1')
@UseFilters(problemsOf(authorizationErrors))
export class PermissionsController {
  constructor(private readonly declarations: PermissionDeclarations) {}

  @Put('versions/:versionId/permissions')
  @Roles('provider')
  @ApiOperation({ summary: 'Declare what the version will call, use, need and provide: exactly this from now on' })
  async declare(
    @Param('versionId') versionId: string,
    @Body() { dataModels = [], ...others }: PermissionsDto,
    @Ctx() ctx: RequestContext,
  ) {
    const models = dataModels.map(({ model, version: of, access, subscribe = false }) => ({
      model,
      version: of,
      access,
      subscribe,
    }));
    const context = ctx.command({ ifMatch: 'optional' });
    const outcome = await this.declarations.declare(versionId, ctx.principal.tenant, { ...others, dataModels: models }, context);
    ctx.written(outcome);
    const { revision, state } = outcome;
    const permissions = declared(state);
    return { versionId, revision, permissions, problems: missingPermissions(permissions) };
  }

  @Get('versions/:versionId/permissions')
  @Roles(...roles)
  @ApiOperation({ summary: 'What a version declares; of a released one for everybody, before any purchase' })
  async get(@Param('versionId') versionId: string, @Ctx() ctx: RequestContext) {
    const view = await this.declarations.viewFor(versionId, ctx.principal);
    ctx.etag(view.revision);
    return view;
  }

  @Get('platform-apis')
  @Roles(...roles)
  @ApiOperation({ summary: 'Every API that a version can declare' })
  apis() {
    return { items: platformApis };
  }
}
