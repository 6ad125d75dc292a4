import { Body, Controller, Delete, Param, Patch, Put, UseFilters } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Ctx, InvalidInput, problemsOf, RequestContext, Roles } from '@souk/platform';
import { Configurations } from '../application/configurations';
import { topologyOf } from '../domain/drawing';
import type { Edit } from '../domain/edits';
import { configurationErrors } from './http-errors';
import { NodeDto, ParameterDto, PositionDto, SecretDto } from './topology.dto';

/** Parts of a topology, one at a time. All of them want `If-Match`; what is there already, and what is gone already, makes no history. */
@ApiTags('configurations')
@Controller('v1/configurations/:configurationId')
@UseFilters(problemsOf(configurationErrors))
@Roles('provider')
export class ConfigurationPartsController {
  constructor(private readonly configurations: Configurations) {}

  @Put('nodes/:serviceName')
  @ApiOperation({ summary: 'Add a node, or change its settings; without a position it stays where it is' })
  async putNode(
    @Param('configurationId') id: string,
    @Param('serviceName') serviceName: string,
    @Body() node: NodeDto,
    @Ctx() ctx: RequestContext,
  ) {
    assertSameName(serviceName, node.serviceName);
    const { configurationId, revision, topology } = await this.edit(id, { type: 'put-node', node }, ctx);
    return { configurationId, revision, node: topology?.nodes.find((known) => known.serviceName === serviceName) };
  }

  @Delete('nodes/:serviceName')
  @ApiOperation({ summary: 'Remove a node with its arrows, which are answered' })
  async removeNode(@Param('configurationId') id: string, @Param('serviceName') serviceName: string, @Ctx() ctx: RequestContext) {
    const { configurationId, revision, facts } = await this.edit(id, { type: 'remove-node', serviceName }, ctx);
    return { configurationId, revision, arrows: facts.flatMap((fact) => (fact.type === 'ArrowErased' ? [fact.data] : [])) };
  }

  @Patch('nodes/:serviceName/position')
  @ApiOperation({ summary: 'Move a node on the canvas' })
  async moveNode(
    @Param('configurationId') id: string,
    @Param('serviceName') serviceName: string,
    @Body() { x, y }: PositionDto,
    @Ctx() ctx: RequestContext,
  ) {
    const position = { x, y };
    const { configurationId, revision } = await this.edit(id, { type: 'move-node', serviceName, position }, ctx);
    return { configurationId, revision, position };
  }

  @Put('arrows/:from/:to')
  @ApiOperation({ summary: 'Draw an arrow: the node that it points at deploys first' })
  async drawArrow(
    @Param('configurationId') id: string,
    @Param('from') from: string,
    @Param('to') to: string,
    @Ctx() ctx: RequestContext,
  ) {
    const arrow = { from, to };
    const { configurationId, revision } = await this.edit(id, { type: 'draw-arrow', arrow }, ctx);
    return { configurationId, revision, arrow };
  }

  @Delete('arrows/:from/:to')
  @ApiOperation({ summary: 'Erase an arrow' })
  async eraseArrow(
    @Param('configurationId') id: string,
    @Param('from') from: string,
    @Param('to') to: string,
    @Ctx() ctx: RequestContext,
  ) {
    const { configurationId, revision } = await this.edit(id, { type: 'erase-arrow', arrow: { from, to } }, ctx);
    return { configurationId, revision };
  }

  @Put('parameters/:name')
  @ApiOperation({ summary: 'Declare a parameter, or declare it otherwise' })
  async declareParameter(
    @Param('configurationId') id: string,
    @Param('name') name: string,
    @Body() parameter: ParameterDto,
    @Ctx() ctx: RequestContext,
  ) {
    const { configurationId, revision } = await this.edit(id, { type: 'declare-parameter', name, parameter }, ctx);
    return { configurationId, revision, parameter };
  }

  @Delete('parameters/:name')
  @ApiOperation({ summary: 'Remove a parameter' })
  async removeParameter(@Param('configurationId') id: string, @Param('name') name: string, @Ctx() ctx: RequestContext) {
    const { configurationId, revision } = await this.edit(id, { type: 'remove-parameter', name }, ctx);
    return { configurationId, revision };
  }

  @Put('secrets/:name')
  @ApiOperation({ summary: 'Declare a secret, or declare it otherwise' })
  async declareSecret(
    @Param('configurationId') id: string,
    @Param('name') name: string,
    @Body() secret: SecretDto,
    @Ctx() ctx: RequestContext,
  ) {
    const { configurationId, revision } = await this.edit(id, { type: 'declare-secret', name, secret }, ctx);
    return { configurationId, revision, secret };
  }

  @Delete('secrets/:name')
  @ApiOperation({ summary: 'Remove a secret' })
  async removeSecret(@Param('configurationId') id: string, @Param('name') name: string, @Ctx() ctx: RequestContext) {
    const { configurationId, revision } = await this.edit(id, { type: 'remove-secret', name }, ctx);
    return { configurationId, revision };
  }

  private async edit(configurationId: string, edit: Edit, ctx: RequestContext) {
    const context = ctx.command({ ifMatch: 'required' });
    const command = { type: 'edit-topology', edit } as const;
    const outcome = await this.configurations.draw(configurationId, command, ctx.principal.tenant, context);
    ctx.written(outcome);
    const { state, revision, events } = outcome;
    const facts = events.map(({ event }) => event);
    return { configurationId, revision, facts, topology: state.status === 'none' ? undefined : topologyOf(state.drawing) };
  }
}

/** A node is known by its name: one under another name is another node. @throws InvalidInput */
function assertSameName(inPath: string, inBody: string): void {
  if (inPath === inBody) return;
  const message = `must be ${JSON.stringify(inPath)}, as in the path: a node of another name is another node`;
  throw new InvalidInput([{ code: 'service-name-mismatch', pointer: '/serviceName', message }], 'body');
}
