import { Controller, Get, Query, UseFilters } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Ctx, problemsOf, RequestContext, Roles } from '@souk/platform';
import { ImageRegistry, type ListOptions } from '@souk/registry';
import { RegistryLogins } from '../application/registry-logins';
import { RegistrySettings } from '../application/registry-settings';
import { registryErrors } from './http-errors';
import { ImageQuery, RepositoriesQuery, TagsQuery } from './image.dto';

/** What an editor offers where an image is chosen; asked of its registry with the provider's own login. */
@ApiTags('images')
@Controller('v1/images')
@UseFilters(problemsOf(registryErrors))
@Roles('provider')
export class ImageController {
  constructor(
    private readonly registry: ImageRegistry,
    private readonly logins: RegistryLogins,
    private readonly settings: RegistrySettings,
  ) {}

  @Get('resolve')
  @ApiOperation({ summary: 'What an image stands for now: its digest and its platforms' })
  async resolve(@Query() { image }: ImageQuery, @Ctx() { principal }: RequestContext) {
    const { digest, platforms } = await this.registry.resolve(image, await this.logins.forImage(principal.tenant, image));
    // Nobody should look for it, or pull it, anywhere else.
    return { image, digest, platforms, ...(this.settings.mode === 'simulated' && { simulated: true }) };
  }

  @Get('tags')
  @ApiOperation({ summary: 'Tags of a repository, page by page' })
  async tags(@Query() { repository, limit, cursor }: TagsQuery, @Ctx() { principal }: RequestContext) {
    const login = await this.logins.forImage(principal.tenant, repository);
    return this.registry.tags(repository, { ...login, ...pageOf(limit, cursor) });
  }

  @Get('repositories')
  @ApiOperation({ summary: 'Repositories of a registry, where it tells them, page by page' })
  async repositories(@Query() { registry, prefix = '', limit, cursor }: RepositoriesQuery, @Ctx() { principal }: RequestContext) {
    const credentials = await this.logins.to(principal.tenant, registry);
    return this.registry.repositories(registry, prefix, { ...(credentials && { credentials }), ...pageOf(limit, cursor) });
  }
}

/** The cursor is the registry's own. */
function pageOf(limit: number | undefined, cursor: string | undefined): Pick<ListOptions, 'limit' | 'after'> {
  return { ...(limit !== undefined && { limit }), ...(cursor !== undefined && { after: cursor }) };
}
