import type { SnapshotConfiguration } from '@souk/contracts';

/** For a real cluster: images that only a simulated registry has pinned are fetched by their tags, which is all that the world knows of them. */
export function withoutSimulatedDigests(configuration: SnapshotConfiguration): SnapshotConfiguration {
  if (!configuration.images.some(({ simulated }) => simulated)) return configuration;
  const images = configuration.images.map((image) => (image.simulated ? { image: image.image, unpinned: true } : image));
  return { ...configuration, images };
}
