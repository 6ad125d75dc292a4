import { parseImage } from '@souk/topology';
import { ImageInvalid, RegistryUnreachable } from './errors';
import { ImageRegistry, type ListedPage, type ResolvedImage } from './image-registry.port';

/** Where no registry may be asked: every image stays named by its tag. */
export class NoRegistry extends ImageRegistry {
  override resolve(image: string): Promise<ResolvedImage> {
    return this.unasked(image);
  }

  override tags(repository: string): Promise<ListedPage> {
    return this.unasked(repository);
  }

  override repositories(registry: string): Promise<ListedPage> {
    return Promise.reject(new RegistryUnreachable(registry, WHY));
  }

  private unasked(image: string): Promise<never> {
    const parsed = parseImage(image);
    return Promise.reject(parsed ? new RegistryUnreachable(parsed.registry, WHY) : new ImageInvalid(image));
  }
}

const WHY = 'this installation asks no registries';
