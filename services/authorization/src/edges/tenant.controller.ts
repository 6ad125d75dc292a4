import { Body, Controller, Get, Param, Post, Query, UseFilters } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Ctx, InjectReadModel, NotFound, PageQuery, problemsOf, RequestContext, Roles } from '@souk/platform';
import type { ReadModel } from '@souk/read-store';
import { Users } from '../application/users';
import { type TenantDoc, tenantsProjection } from '../projections/tenants.projection';
import { type UserDoc, usersProjection } from '../projections/users.projection';
import { authorizationErrors } from './http-errors';
import { RegisterTenantDto, RegisterUserDto } from './tenant.dto';

@ApiTags('tenants')
@Controller('v1/tenants')
@Roles('operator')
@UseFilters(problemsOf(authorizationErrors))
export class TenantController {
  constructor(
    private readonly users: Users,
    @InjectReadModel(tenantsProjection) private readonly tenants: ReadModel<TenantDoc>,
    @InjectReadModel(usersProjection) private readonly userDocs: ReadModel<UserDoc>,
  ) {}

  @Post()
  @ApiOperation({ summary: 'Register a tenant (account)' })
  async register(@Body() { name }: RegisterTenantDto, @Ctx() ctx: RequestContext) {
    const tenantId = ctx.newId('tenant');
    ctx.written(await this.users.registerTenant(tenantId, name, ctx.command()));
    ctx.location(`/v1/tenants/${tenantId}`);
    return { tenantId, name };
  }

  @Get()
  @ApiOperation({ summary: 'All tenants, by name' })
  async list(@Query() { limit, cursor }: PageQuery, @Ctx() { principal }: RequestContext) {
    const page = { ...(limit && { limit }), ...(cursor && { cursor }) };
    return this.tenants.query({ index: 'byName', audience: principal.tenant, ...page });
  }

  @Get(':tenantId')
  @ApiOperation({ summary: 'One tenant' })
  async get(@Param('tenantId') tenantId: string) {
    const tenant = await this.tenants.get(tenantId);
    if (!tenant) throw new NotFound('tenant', tenantId);
    return tenant;
  }

  @Post(':tenantId/users')
  @ApiOperation({ summary: 'Register a user of the tenant' })
  async registerUser(
    @Param('tenantId') tenantId: string,
    @Body() { displayName, role }: RegisterUserDto,
    @Ctx() ctx: RequestContext,
  ) {
    const userId = ctx.newId('user');
    ctx.written(await this.users.registerUser({ userId, tenantId, role, displayName }, ctx.command()));
    ctx.location(`/v1/users/${userId}`);
    return { userId, tenantId, role, displayName, status: 'active' };
  }

  @Get(':tenantId/users')
  @ApiOperation({ summary: 'Users of the tenant, oldest first' })
  async listUsers(
    @Param('tenantId') tenantId: string,
    @Query() { limit, cursor }: PageQuery,
    @Ctx() { principal }: RequestContext,
  ) {
    if (!(await this.tenants.get(tenantId))) throw new NotFound('tenant', tenantId);
    const page = { ...(limit && { limit }), ...(cursor && { cursor }) };
    return this.userDocs.query({ index: 'byTenant', where: { tenantId }, audience: principal.tenant, ...page });
  }
}
