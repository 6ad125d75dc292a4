import { Controller, Get, Header } from '@nestjs/common';
import { ApiOperation, ApiSecurity, ApiTags } from '@nestjs/swagger';
import { Public } from '@souk/platform';
import { TokenCodec } from '../application/token-codec.port';

@ApiTags('tenants')
@ApiSecurity({})
@Controller('.well-known/jwks.json')
export class JwksController {
  constructor(private readonly codec: TokenCodec) {}

  @Get()
  @Public()
  @Header('cache-control', 'public, max-age=3600')
  @ApiOperation({ summary: 'Public keys of access tokens (RFC 7517)' })
  async keys() {
    return this.codec.publicKeys();
  }
}
