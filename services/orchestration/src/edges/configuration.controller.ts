import { Body, Controller, Get, Param, Put, UseFilters } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { inSlices } from '@souk/event-sourcing';
import { BodyLimit, Ctx, problemsOf, RequestContext, Roles } from '@souk/platform';
import { waveSteps } from '@souk/topology';
import { topologyOf } from '../domain/drawing';
import { MAX_TOPOLOGY_BYTES } from '../domain/edits';
import { Configurations } from '../application/configurations';
import { validated } from '../application/validated';
import { configurationView, mayRead, validationView } from './configuration.view';
import { configurationErrors } from './http-errors';
import { TopologyDto, topologyFrom } from './topology.dto';

@ApiTags('configurations')
@Controller('v1/configurations')
@UseFilters(problemsOf(configurationErrors))
export class ConfigurationController {
  constructor(private readonly configurations: Configurations) {}

  @Get(':configurationId')
  @Roles('provider', 'operator', 'auditor')
  @ApiOperation({ summary: 'One configuration with its topology, positions included' })
  async get(@Param('configurationId') id: string, @Ctx() ctx: RequestContext) {
    const { state, revision } = await this.configurations.existing(id, (it) => mayRead(it, ctx.principal));
    ctx.etag(revision);
    return configurationView(state, revision);
  }

  @Put(':configurationId/topology')
  @Roles('provider')
  @BodyLimit(MAX_TOPOLOGY_BYTES)
  @ApiOperation({ summary: 'Replace the whole topology; only what differs becomes history' })
  async replaceTopology(@Param('configurationId') id: string, @Body() body: TopologyDto, @Ctx() ctx: RequestContext) {
    const context = ctx.command({ ifMatch: 'required' });
    const command = { type: 'replace-topology', topology: topologyFrom(body) } as const;
    const outcome = await this.configurations.draw(id, command, ctx.principal.tenant, context);
    ctx.written(outcome);
    const topology = outcome.state.status === 'none' ? undefined : topologyOf(outcome.state.drawing);
    return { configurationId: id, revision: outcome.revision, topology };
  }

  @Get(':configurationId/validation')
  @Roles('provider', 'operator', 'auditor')
  @ApiOperation({
    summary: 'Everything that stands in the way of a release, what should be looked at, and the waves of the deploy order',
  })
  async validation(@Param('configurationId') id: string, @Ctx() ctx: RequestContext) {
    const { state, revision } = await this.configurations.existing(id, (it) => mayRead(it, ctx.principal));
    ctx.etag(revision);
    const topology = topologyOf(state.drawing);
    // What is stored has no cycle.
    const waves = await inSlices(waveSteps(topology));
    return validationView(state, revision, await validated(topology), waves);
  }
}
