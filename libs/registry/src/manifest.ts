/** Everything that may stand behind a tag: indexes first, as they fit every platform. */
export const MANIFEST_TYPES = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ');

/** Of what an image consists: platforms that are told at once, or a configuration that tells. */
export type Manifest =
  { readonly kind: 'index'; readonly platforms: readonly string[] } | { readonly kind: 'image'; readonly config?: string };

/** Reads an image index or manifest (OCI image spec 1.1, Docker schema 2); `undefined` for anything else. */
export function manifestOf(body: Buffer): Manifest | undefined {
  const document = objectOf(body);
  if (!document) return undefined;
  const { manifests, config } = document;
  if (Array.isArray(manifests)) {
    const platforms = manifests.map((entry) => platformOf((entry as { platform?: unknown } | null)?.platform));
    return { kind: 'index', platforms: [...new Set(platforms.filter((platform) => platform !== undefined))].sort() };
  }
  if (typeof config !== 'object' || config === null) return undefined;
  const { digest } = config as { digest?: unknown };
  return { kind: 'image', ...(typeof digest === 'string' && DIGEST.test(digest) && { config: digest }) };
}

/** Of an image's configuration; empty where it says none. */
export function platformsOfConfig(body: Buffer): readonly string[] {
  const platform = platformOf(objectOf(body));
  return platform === undefined ? [] : [platform];
}

export const DIGEST = /^sha256:[0-9a-f]{64}$/;

/** `linux/arm64` for any variant of it; attestations stand in an index as `unknown/unknown`. */
function platformOf(platform: unknown): string | undefined {
  if (typeof platform !== 'object' || platform === null) return undefined;
  const { os, architecture, variant } = platform as Record<string, unknown>;
  if (typeof os !== 'string' || typeof architecture !== 'string' || os === 'unknown') return undefined;
  const plain = architecture === 'arm' && typeof variant === 'string' ? `/${variant}` : '';
  return `${os}/${architecture}${plain}`;
}

function objectOf(body: Buffer): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
