import { Body, Controller, Delete, Get, HttpCode, Param, Post, UseFilters } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Problem } from '@souk/event-sourcing';
import { Ctx, InvalidInput, problemsOf, RequestContext, Roles } from '@souk/platform';
import { CloudProviders } from '../../application/cloud/cloud-providers';
import { type BrokerRegistration, ServiceBrokers } from '../../application/cloud/service-brokers';
import type { BrokerDoc } from '../../projections/service-brokers.projection';
import { deploymentStatuses } from '../http-errors';
import { type BrokerCredentialsDto, RegisterBrokerDto } from './service-broker.dto';

/** Who provides managed resources is for those who run the platform to say. */
@ApiTags('cloud services')
@Controller('v1/service-brokers')
@UseFilters(problemsOf(deploymentStatuses))
@Roles('operator')
export class ServiceBrokerController {
  constructor(
    private readonly brokers: ServiceBrokers,
    private readonly providers: CloudProviders,
  ) {}

  @Post()
  @ApiOperation({ summary: 'Register a broker that speaks the Open Service Broker API; it is asked for its catalogue at once' })
  async register(@Body() body: RegisterBrokerDto, @Ctx() ctx: RequestContext) {
    const brokerId = ctx.newId('serviceBroker');
    const { name } = body;
    const credentials = credentialsOf(body.credentials);
    const others = (await this.providers.catalogue())
      .filter(({ provider }) => provider !== brokerId)
      .flatMap(({ offerings }) => offerings);
    ctx.written(await this.brokers.register({ ...body, brokerId, credentials }, others, ctx.command()));
    ctx.location(`/v1/service-brokers/${brokerId}`);
    return { brokerId, name };
  }

  @Get()
  @ApiOperation({ summary: 'The registered brokers' })
  async list() {
    return { items: (await this.brokers.list()).map(brokerView) };
  }

  @Delete(':brokerId')
  @HttpCode(204)
  @ApiOperation({ summary: 'Forget a broker of which no instance has a resource any more' })
  async remove(@Param('brokerId') brokerId: string, @Ctx() ctx: RequestContext): Promise<void> {
    ctx.written(await this.brokers.remove(brokerId, ctx.command()));
  }
}

function brokerView({ brokerId, name, url, authentication, registeredAt }: BrokerDoc) {
  return { brokerId, name, url, authentication, registeredAt };
}

function credentialsOf({ kind, username, password, token }: BrokerCredentialsDto): BrokerRegistration['credentials'] {
  if (kind === 'bearer' && token !== undefined && username === undefined && password === undefined) return { token };
  if (kind === 'basic' && username !== undefined && password !== undefined && token === undefined) return { username, password };
  const needs = kind === 'bearer' ? 'a token and nothing else' : 'a user name, a password and nothing else';
  const problem: Problem = { code: 'wrong-credentials', pointer: '/credentials', message: `"${kind}" needs ${needs}` };
  throw new InvalidInput([problem], 'body');
}
