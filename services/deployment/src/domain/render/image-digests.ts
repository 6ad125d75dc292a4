import type { SnapshotConfiguration } from '@souk/contracts';

/** Each configuration leads to one other, the same object every time. */
const known = new WeakMap<SnapshotConfiguration, SnapshotConfiguration>();

/** For a real cluster: images that only a simulated registry has pinned are fetched by their tags, which is all that the world knows of them. */
export function withoutSimulatedDigests(configuration: SnapshotConfiguration): SnapshotConfiguration {
  if (!configuration.images.some(({ simulated }) => simulated)) return configuration;
  const same = known.get(configuration);
  if (same) return same;
  const images = configuration.images.map((image) => (image.simulated ? { image: image.image, unpinned: true } : image));
  const without = { ...configuration, images };
  known.set(configuration, without);
  return without;
}
