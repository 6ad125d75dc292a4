import type { SnapshotConfiguration } from '@souk/contracts';

/** Platforms on which all images of a configuration run, `linux/amd64`; `undefined` where the registry has not told that of each, or none is common. */
export function platformsOfImages({ images }: Pick<SnapshotConfiguration, 'images'>): string[] | undefined {
  const [first, ...others] = images.map(({ platforms = [] }) => platforms.map(ordinary));
  const common = first?.filter((platform) => others.every((known) => known.includes(platform))) ?? [];
  return common.length === 0 ? undefined : [...new Set(common)].sort();
}

/** What Kubernetes tells hosts apart by: `arm` for `arm/v7`. */
export function hostTraitsOf(platform: string): { readonly os: string; readonly architecture: string } {
  const [os = '', architecture = ''] = platform.split('/');
  return { os, architecture };
}

/** There is one variant of it that is meant. */
const ordinary = (platform: string): string => (platform === 'linux/arm64/v8' ? 'linux/arm64' : platform);
