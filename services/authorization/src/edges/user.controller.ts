import { Body, Controller, Delete, Get, Header, HttpCode, Param, Post, UseFilters } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Ctx, InjectReadModel, NotFound, problemsOf, RequestContext, Roles } from '@souk/platform';
import type { ReadModel } from '@souk/read-store';
import { Users } from '../application/users';
import { type UserDoc, usersProjection } from '../projections/users.projection';
import { authorizationErrors } from './http-errors';
import { DisableUserDto, IssueTokenDto } from './tenant.dto';

const TWELVE_HOURS = 12 * 3600;

@ApiTags('tenants')
@Controller('v1/users')
@Roles('operator')
@UseFilters(problemsOf(authorizationErrors))
export class UserController {
  constructor(
    private readonly users: Users,
    @InjectReadModel(usersProjection) private readonly userDocs: ReadModel<UserDoc>,
  ) {}

  @Get(':userId')
  @ApiOperation({ summary: 'One user, with what is known of their access tokens' })
  async get(@Param('userId') userId: string) {
    const user = await this.userDocs.get(userId);
    if (!user) throw new NotFound('user', userId);
    return user;
  }

  @Post(':userId/tokens')
  @Header('cache-control', 'no-store')
  @ApiOperation({ summary: 'Issue an access token (RFC 6750): this answer is the only place where it stands' })
  async issueToken(
    @Param('userId') userId: string,
    @Body() { expiresInSeconds = TWELVE_HOURS }: IssueTokenDto,
    @Ctx() ctx: RequestContext,
  ) {
    const { accessToken, tokenId, expiresIn, outcome } = await this.users.issueToken(userId, expiresInSeconds, ctx.command());
    ctx.written(outcome);
    return { accessToken, tokenType: 'Bearer', expiresIn, tokenId };
  }

  @Delete(':userId/tokens/:tokenId')
  @HttpCode(204)
  @ApiOperation({ summary: 'Revoke an access token' })
  async revokeToken(@Param('userId') userId: string, @Param('tokenId') tokenId: string, @Ctx() ctx: RequestContext) {
    ctx.written(await this.users.revokeToken(userId, tokenId, ctx.command()));
  }

  @Post(':userId/disable')
  @HttpCode(200)
  @ApiOperation({ summary: 'Refuse every access token of the user from now on' })
  async disable(@Param('userId') userId: string, @Body() { reason }: DisableUserDto, @Ctx() ctx: RequestContext) {
    ctx.written(await this.users.disable(userId, ctx.command({ reason })));
    return { userId, status: 'disabled' };
  }
}
