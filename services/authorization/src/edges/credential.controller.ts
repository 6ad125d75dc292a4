import { Body, Controller, Get, HttpCode, Param, Post, UseFilters } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Ctx, problemsOf, RequestContext, Roles } from '@souk/platform';
import { Credentials, credentialView } from '../application/credentials';
import { CredentialReasonDto, RotateSecretDto } from './credential.dto';
import { authorizationErrors } from './http-errors';

const ONE_DAY = 24 * 3600;

@ApiTags('credentials')
@Controller('v1/instances/:instanceId/credential')
@Roles('buyer', 'provider', 'operator')
@UseFilters(problemsOf(authorizationErrors))
export class CredentialController {
  constructor(private readonly credentials: Credentials) {}

  @Get()
  @ApiOperation({ summary: 'AppKey, status and grants of an instance; never the AppSecret' })
  async get(@Param('instanceId') instanceId: string, @Ctx() ctx: RequestContext) {
    return this.credentials.viewFor(instanceId, ctx.principal);
  }

  @Post('suspend')
  @HttpCode(200)
  @ApiOperation({ summary: 'Refuse the requests of the instance until the same party resumes it' })
  async suspend(@Param('instanceId') instanceId: string, @Body() { reason }: CredentialReasonDto, @Ctx() ctx: RequestContext) {
    const outcome = await this.credentials.suspend(instanceId, ctx.principal, ctx.command({ reason }));
    ctx.written(outcome);
    return credentialView(outcome.state);
  }

  @Post('resume')
  @HttpCode(200)
  @ApiOperation({ summary: 'Take back the suspension that the same party has put' })
  async resume(@Param('instanceId') instanceId: string, @Body() { reason }: CredentialReasonDto, @Ctx() ctx: RequestContext) {
    const outcome = await this.credentials.resume(instanceId, ctx.principal, ctx.command({ reason }));
    ctx.written(outcome);
    return credentialView(outcome.state);
  }

  @Post('rotate')
  @HttpCode(200)
  @Roles('buyer')
  @ApiOperation({ summary: 'A new AppSecret, which the instance is given; the one until now is taken as well for a while' })
  async rotate(@Param('instanceId') instanceId: string, @Body() body: RotateSecretDto, @Ctx() ctx: RequestContext) {
    const { graceSeconds = ONE_DAY, reason } = body;
    const outcome = await this.credentials.rotate(instanceId, graceSeconds, ctx.principal, ctx.command({ reason }));
    ctx.written(outcome);
    return credentialView(outcome.state);
  }
}
