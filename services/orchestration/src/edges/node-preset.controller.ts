import { Controller, Get } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Roles } from '@souk/platform';
import { palette } from './palette';

@ApiTags('configurations')
@Controller('v1/node-presets')
export class NodePresetController {
  private readonly palette = palette();

  @Get()
  @Roles('provider', 'operator', 'auditor')
  @ApiOperation({ summary: 'What an editor offers: categories of nodes, presets, and the JSON Schema of their settings' })
  get() {
    return this.palette;
  }
}
