import type { OnApplicationShutdown } from '@nestjs/common';
import {
  ImageRegistry,
  type ListedPage,
  type ListOptions,
  OciImageRegistry,
  type ResolvedImage,
  type ResolveOptions,
} from '@souk/registry';
import { RegistrySim } from '@souk/registry-sim';
import { presets } from '@souk/topology';

/**
 * Asks a registry of this process by the same protocol as real ones, and in their stead. Every image is there, with a digest that follows from its
 * name; those of presets are listed.
 */
export class SimulatedImageRegistry extends ImageRegistry implements OnApplicationShutdown {
  private constructor(
    private readonly sim: RegistrySim,
    private readonly client: OciImageRegistry,
  ) {
    super();
  }

  static async start(): Promise<SimulatedImageRegistry> {
    const images = Object.values(presets).map(({ image }) => image);
    const sim = await RegistrySim.start({ everyImage: true, images });
    return new SimulatedImageRegistry(sim, new OciImageRegistry({ mirror: sim.url }));
  }

  override resolve(image: string, { signal }: ResolveOptions = {}): Promise<ResolvedImage> {
    return this.client.resolve(image, signal && { signal });
  }

  override tags(repository: string, { credentials: _, ...options }: ListOptions = {}): Promise<ListedPage> {
    return this.client.tags(repository, options);
  }

  override repositories(registry: string, prefix: string, { credentials: _, ...options }: ListOptions = {}): Promise<ListedPage> {
    return this.client.repositories(registry, prefix, options);
  }

  async onApplicationShutdown(): Promise<void> {
    this.client.close();
    await this.sim.stop();
  }
}
